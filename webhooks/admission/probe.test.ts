import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import type { Clock, Log } from "../../operator/ports.ts";
import type { JsonObject } from "../../operator/values.ts";
import { createProbe, type Probe, type ProbeOptions } from "./probe.ts";

interface Setup {
  readonly probe: Probe;
  readonly created: { readonly object: JsonObject; readonly dryRun: boolean | undefined }[];
  readonly delays: number[];
  readonly said: string[];
  /** Runs the timer that is due next, and waits for what it starts. */
  readonly tick: () => Promise<void>;
  readonly settle: () => Promise<void>;
  answer: (nonce: string, probe: Probe) => void;
}

function nonceOf(object: JsonObject): string {
  const { labels } = object["metadata"] as { labels: Record<string, string> };
  return labels["clickscribe.dev/probe"] ?? "";
}

function setup(over: Partial<ProbeOptions> = {}): Setup {
  const timers: (() => void)[] = [];
  let now = 0;
  const delays: number[] = [];
  const said: string[] = [];
  const say = (level: string) => (_data: object, message: string) => void said.push(`${level}: ${message}`);
  const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  const clock: Clock = {
    now: () => now,
    random: () => 0,
    after(ms, work) {
      delays.push(ms);
      const timer = (): void => {
        now += ms;
        work();
      };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const created: { object: JsonObject; dryRun: boolean | undefined }[] = [];
  const made: Setup = {
    created,
    delays,
    said,
    async tick() {
      timers.shift()?.();
      await made.settle();
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    answer: (nonce, probe) => probe.saw(nonce),
    probe: createProbe({
      cluster: {
        async create(object, options) {
          created.push({ object, dryRun: options?.dryRun });
          made.answer(nonceOf(object), made.probe);
          return object;
        },
      },
      clock,
      log,
      namespace: "clickscribe",
      target: "https://10.0.0.1:10250",
      ...over,
    }),
  };
  return made;
}

describe("probe", () => {
  it("creates a ConfigMap dry-run, each time with another nonce, and knows when the webhook saw it", async () => {
    const { probe, created } = setup();
    assert.equal(probe.result(), undefined);
    assert.deepEqual(await probe.run(), { reached: true, cause: "" });
    assert.deepEqual(probe.result(), { reached: true, cause: "" });
    await probe.run();
    const [first, second] = created;
    assert.equal(first?.dryRun, true);
    assert.match(nonceOf(first?.object ?? {}), /^[0-9a-f]{32}$/);
    assert.notEqual(nonceOf(first?.object ?? {}), nonceOf(second?.object ?? {}));
  });
  it("says so when nobody asked the webhook, with the likely cause", async () => {
    const made = setup();
    made.answer = () => {};
    const { reached, cause } = await made.probe.run();
    assert.equal(reached, false);
    assert.match(cause, /without asking https:\/\/10\.0\.0\.1:10250/);
    assert.match(cause, /firewall/);
  });
  it("takes no nonce but its own, nor an old one", async () => {
    const made = setup();
    let first = "";
    made.answer = (nonce) => {
      first = nonce;
      made.probe.saw("0123456789abcdef0123456789abcdef");
    };
    assert.equal((await made.probe.run()).reached, false);
    made.answer = () => made.probe.saw(first);
    assert.equal((await made.probe.run()).reached, false);
  });
  it("knows an untrusted certificate by the broken handshake", async () => {
    const made = setup();
    made.answer = () => made.probe.handshakeFailed("ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE");
    assert.match((await made.probe.run()).cause, /TLS handshake.*BAD_CERTIFICATE.*caBundle/);
  });
  it("says why the create itself failed, without credentials", async () => {
    const failing = setup({
      cluster: {
        create: () => Promise.reject(retry("AccessDenied", "configmaps is forbidden: https://a:hunter2@h")),
      },
    });
    const { reached, cause } = await failing.probe.run();
    assert.equal(reached, false);
    assert.match(cause, /dry-run create of a ConfigMap in clickscribe, failed: configmaps is forbidden/);
    assert.doesNotMatch(cause, /hunter2/);
  });
  it("counts as reached when another webhook refused what ours had seen", async () => {
    const made: Setup = setup({
      cluster: {
        create(object) {
          made.probe.saw(nonceOf(object));
          return Promise.reject(new Error("denied by policy"));
        },
      },
    });
    assert.equal((await made.probe.run()).reached, true);
  });
  it("goes on every minute, sooner while it fails, until it is stopped", async () => {
    const made = setup();
    made.answer = () => {};
    made.probe.start();
    await made.settle();
    await made.tick();
    await made.tick();
    made.answer = (nonce, probe) => probe.saw(nonce);
    await made.tick();
    assert.deepEqual(made.delays, [2_000, 4_000, 8_000, 60_000]);
    made.probe.stop();
    await made.tick();
    assert.equal(made.created.length, 4);
  });
  it("does not go on when it is stopped in the middle", async () => {
    const made = setup();
    made.answer = (nonce, probe) => {
      probe.stop();
      probe.saw(nonce);
    };
    made.probe.start();
    await made.settle();
    assert.deepEqual(made.delays, []);
  });
  it("takes silence for nothing until the Pod had time to become an endpoint", async () => {
    const results: boolean[] = [];
    const made = setup({ graceMs: 3_000, onResult: ({ reached }) => void results.push(reached) });
    made.answer = () => {};
    made.probe.start();
    await made.settle();
    await made.tick();
    assert.deepEqual([made.delays, results, made.said, made.probe.result()], [[1_000, 1_000], [], [], undefined]);
    await made.tick();
    await made.tick();
    assert.deepEqual([results, made.said.length], [[false], 1]);
    made.answer = (nonce, probe) => probe.saw(nonce);
    await made.tick();
    assert.deepEqual(results, [false, true]);
  });
  it("tells every result to who asks, and logs when it turns only", async () => {
    const results: boolean[] = [];
    const made = setup({ onResult: ({ reached }) => void results.push(reached) });
    await made.probe.run();
    await made.probe.run();
    made.answer = () => {};
    await made.probe.run();
    await made.probe.run();
    assert.deepEqual(results, [true, true, false, false]);
    assert.deepEqual(
      made.said.map((text) => text.split(":")[0]),
      ["info", "warn"],
    );
  });
  it("two that ask at once share one probe", async () => {
    const { probe, created } = setup();
    await Promise.all([probe.run(), probe.run()]);
    assert.equal(created.length, 1);
  });
});
