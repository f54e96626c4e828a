import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { retry } from "../../operator/failures.ts";
import type { Log } from "../../operator/ports.ts";
import type { JsonObject } from "../../operator/values.ts";
import { createFakeClock, type FakeClock } from "../../test/fakes/clock.ts";
import { createServingCertificate, type ServingCertificate } from "./create-certificate.ts";
import { type CertificateKeeper, createKeeper } from "./keeper.ts";
import { bundleOf, type Kept, type SecretData } from "./kept.ts";
import type { CertificateTimes } from "./next-step.ts";
import { type CertificateStore, createMemoryStore, createSecretStore } from "./store.ts";

const second = 1_000;
const hour = 3_600 * second;
const life = 24 * hour;
const times: CertificateTimes = {
  lifetimeMs: life,
  renewBeforeMs: life / 3,
  pauseMs: 150 * second,
  overlapMs: hour,
  pollMs: 60 * second,
};
const theirs: CertificateTimes = { ...times, renewBeforeMs: Infinity };

interface Secret {
  readonly store: CertificateStore;
  readonly writes: number;
  data: SecretData;
  /** Runs before the next write only. */
  meanwhile: (() => void) | undefined;
  isDown: boolean;
  isGone: boolean;
}

/** As the API server keeps one: a write over another version is refused. */
function secret(data: SecretData = {}): Secret {
  let version = 1;
  let stored = data;
  let writes = 0;
  const self: Secret = {
    store: createSecretStore(
      {
        async get() {
          if (self.isDown) throw retry("ClusterUnreachable", "no answer");
          if (self.isGone) return undefined;
          const encoded = Object.entries(stored).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
          return { metadata: { resourceVersion: String(version) }, data: Object.fromEntries(encoded) as JsonObject };
        },
        async apply(object) {
          self.meanwhile?.();
          self.meanwhile = undefined;
          const { resourceVersion } = object["metadata"] as { readonly resourceVersion: string };
          if (resourceVersion !== String(version)) throw retry("InternalError", "conflict", { status: 409 });
          const given = Object.entries(object["data"] as Readonly<Record<string, string>>);
          self.data = Object.fromEntries(given.map(([key, text]) => [key, Buffer.from(text, "base64").toString()]));
          writes++;
          return { metadata: { resourceVersion: String(version) } };
        },
      },
      "own",
      "kept",
    ),
    get writes() {
      return writes;
    },
    get data() {
      return stored;
    },
    set data(next) {
      stored = next;
      version++;
    },
    meanwhile: undefined,
    isDown: false,
    isGone: false,
  };
  return self;
}

interface Replica {
  readonly keeper: CertificateKeeper;
  readonly logs: readonly string[];
  served(): ServingCertificate;
  /** Registers from now on. */
  lead(): Promise<void>;
}

/** What the API server was told, and when. */
type Registrations = { readonly at: number; readonly bundle: string }[];

interface ReplicaOptions {
  readonly registrations?: Registrations;
  readonly names?: readonly string[];
  readonly times?: CertificateTimes;
}

async function replica(clock: FakeClock, store: CertificateStore, options: ReplicaOptions = {}): Promise<Replica> {
  const logs: string[] = [];
  const write = (data: object, message: string): void => void logs.push(`${message} ${JSON.stringify(data)}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  let leads = false;
  let served: ServingCertificate | undefined;
  const register = async (): Promise<void> => {
    const { kept } = keeper;
    options.registrations?.push({ at: clock.now(), bundle: bundleOf(kept) });
    keeper.registered(kept);
  };
  const keeper = await createKeeper({
    store,
    clock,
    log,
    names: options.names ?? ["a.svc"],
    times: options.times ?? times,
    leads: () => leads,
    register,
    serve: (certificate) => {
      served = certificate;
    },
  });
  return {
    keeper,
    logs,
    served: () => served ?? keeper.kept.serving,
    async lead() {
      leads = true;
      await register();
    },
  };
}

/** Time passes, and what it starts in other threads (keys are made there) comes to its end. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await sleep(20);
  await clock.advance(0);
}

/** Every certificate that is served must be trusted by API servers, those that learn of a registration late too. */
function assertTrusted(replicas: readonly Replica[], registrations: Registrations, now: number): void {
  const late = 30 * second;
  const current = registrations.filter(({ at }, index) => {
    const until = registrations[index + 1]?.at ?? Infinity;
    return at <= now && until > now - late;
  });
  assert.ok(current.length > 0);
  for (const { bundle } of current) {
    for (const each of replicas) assert.ok(bundle.includes(each.served().ca), `not trusted at ${now}`);
  }
}

describe("the keeper of the webhook's certificate", () => {
  it("fills an empty Secret, and another replica or a later start serves the same", async () => {
    const clock = createFakeClock();
    const own = secret();
    const first = await replica(clock, own.store);
    const second = await replica(clock, own.store);
    assert.deepEqual(second.keeper.kept, first.keeper.kept);
    assert.equal(own.writes, 1);
    assert.deepEqual(Object.keys(own.data).toSorted(), ["ca.crt", "path", "tls.crt", "tls.key"]);
    assert.deepEqual(first.logs, []);
  });

  it("serves what the winner wrote where two start at once", async () => {
    const clock = createFakeClock();
    const own = secret();
    const [a, b] = await Promise.all([replica(clock, own.store), replica(clock, own.store)]);
    assert.deepEqual(a.keeper.kept, b.keeper.kept);
    assert.equal(own.writes, 1);
  });

  it("renews for two replicas without a moment at which one serves what is not trusted", async () => {
    const clock = createFakeClock();
    const own = secret();
    const registrations: Registrations = [];
    const leader = await replica(clock, own.store, { registrations });
    await leader.lead();
    const other = await replica(clock, own.store, { registrations });
    const before = leader.served();
    await pass(clock, 16 * hour - second);
    assert.equal(own.writes, 1);
    assert.equal(registrations.length, 1);
    await pass(clock, 20 * 60 * second);
    for (let passed = 0; passed < 2 * hour; passed += 10 * second) {
      await (own.writes < 2 ? pass(clock, 10 * second) : clock.advance(10 * second));
      assertTrusted([leader, other], registrations, clock.now());
    }
    assert.notEqual(leader.served().cert, before.cert);
    assert.equal(other.served().cert, leader.served().cert);
    assert.deepEqual(
      registrations.map(({ bundle }) => bundle),
      [before.ca, leader.served().ca + before.ca, leader.served().ca],
    );
    assert.equal(own.writes, 4);
    assert.equal(own.data["ca.crt"], leader.served().ca);
    assert.equal(own.data["path"], leader.keeper.kept.pathKey);
    assert.deepEqual(
      leader.logs.map((line) => line.replace(/ {.*/, "")),
      [
        "a new certificate of the webhook is announced to the API server",
        "the webhook's certificate was renewed",
        "the authority of the webhook's certificate before is not trusted any more",
      ],
    );
    assert.deepEqual(other.logs, []);
  });

  it("goes on where the replica before was killed in the middle of a renewal", async () => {
    const clock = createFakeClock();
    const own = secret();
    const registrations: Registrations = [];
    const first = await replica(clock, own.store, { registrations });
    await first.lead();
    await pass(clock, 16 * hour);
    first.keeper.stop();
    const next = await createServingCertificate(["a.svc"], clock.now());
    own.data = {
      ...own.data,
      "ca.crt": next.ca + (own.data["ca.crt"] ?? ""),
      "next.crt": next.cert,
      "next.key": next.key,
    };
    const later = await replica(clock, own.store, { registrations });
    assert.notEqual(later.served().cert, next.cert);
    await later.lead();
    await pass(clock, 200 * second);
    assert.equal(later.served().cert, next.cert);
    assertTrusted([later], registrations, clock.now());
  });

  it("leaves renewal to who leads", async () => {
    const clock = createFakeClock();
    const own = secret();
    await replica(clock, own.store);
    await pass(clock, 18 * hour);
    assert.equal(own.writes, 1);
  });

  const unusable: readonly (readonly [string, SecretData, RegExp])[] = [
    ["nonsense", { path: "%%", "tls.crt": "\0" }, /path is not/],
    ["half of it", { path: "0123456789abcdef" }, /tls.crt holds no certificate/],
  ];
  for (const [name, data, problem] of unusable) {
    it(`replaces ${name}, and says so`, async () => {
      const own = secret(data);
      const only = await replica(createFakeClock(), own.store);
      assert.equal(own.data["tls.crt"], only.served().cert);
      assert.match(only.logs.join(), /^the webhook's certificate that is kept cannot be used: it is replaced/);
      assert.match(only.logs.join(), problem);
    });
  }

  it("replaces what is over, or for other names, and keeps the path", async () => {
    const clock = createFakeClock();
    const own = secret();
    const first = await replica(clock, own.store);
    const renamed = await replica(clock, own.store, { names: ["b.svc"] });
    assert.match(renamed.logs.join(), /it does not cover b\.svc/);
    const late = createFakeClock(clock.now() + life);
    const revived = await replica(late, own.store, { names: ["b.svc"] });
    assert.match(revived.logs.join(), /it was valid until 2026-01-02/);
    assert.equal(revived.keeper.kept.pathKey, first.keeper.kept.pathKey);
    await pass(clock, 60 * second);
    assert.equal(first.served().cert, revived.served().cert);
    assert.equal(own.writes, 3);
  });

  it("puts back what was emptied while it ran, without another certificate", async () => {
    const clock = createFakeClock();
    const own = secret();
    const leader = await replica(clock, own.store);
    await leader.lead();
    const before = own.data;
    own.data = {};
    await pass(clock, 60 * second);
    assert.deepEqual(own.data, before);
    assert.match(leader.logs.join(), /was taken away or broken: it is put back/);
  });

  it("puts back what somebody replaced by a certificate for other names", async () => {
    const clock = createFakeClock();
    const own = secret();
    const leader = await replica(clock, own.store);
    await leader.lead();
    const other = await replica(clock, own.store);
    const before = own.data;
    const { cert } = leader.served();
    const foreign = await createServingCertificate(["wrong.example"], clock.now());
    own.data = { ...before, "ca.crt": foreign.ca, "tls.crt": foreign.cert, "tls.key": foreign.key };
    await pass(clock, 60 * second);
    assert.deepEqual(own.data, before);
    assert.equal(leader.served().cert, cert);
    await pass(clock, 60 * second);
    assert.equal(other.served().cert, cert);
    assert.match(leader.logs.join(), /it is put back .*it does not cover/);
  });

  it("goes on with what it has while the Secret cannot be read, and says so once", async () => {
    const clock = createFakeClock();
    const own = secret();
    const leader = await replica(clock, own.store);
    await leader.lead();
    own.isDown = true;
    await pass(clock, 10 * 60 * second);
    assert.equal(leader.logs.length, 1);
    own.isDown = false;
    own.isGone = true;
    await pass(clock, 10 * 60 * second);
    assert.equal(leader.logs.length, 2);
    assert.match(leader.logs[1] ?? "", /--webhook-secret names the Secret own\/kept, which does not exist/);
  });

  it("does not write over what another wrote first", async () => {
    const clock = createFakeClock();
    const own = secret();
    const leader = await replica(clock, own.store);
    await leader.lead();
    await pass(clock, 16 * hour);
    const next = await createServingCertificate(["a.svc"], clock.now());
    const announcedByAnother = {
      ...own.data,
      "ca.crt": next.ca + (own.data["ca.crt"] ?? ""),
      "next.crt": next.cert,
      "next.key": next.key,
    };
    own.meanwhile = () => {
      own.data = announcedByAnother;
    };
    await pass(clock, 25 * 60 * second);
    await pass(clock, 60 * second);
    assert.equal(own.meanwhile, undefined);
    await pass(clock, 200 * second);
    assert.equal(leader.served().cert, next.cert);
  });

  it("fails to start, with a message, where the Secret does not exist", async () => {
    const own = secret();
    own.isGone = true;
    await assert.rejects(
      replica(createFakeClock(), own.store),
      /--webhook-secret names the Secret own\/kept, .*create it empty/,
    );
  });

  describe("made by others", () => {
    const start = async (clock: FakeClock, registrations: Registrations): Promise<[Replica, ServingCertificate]> => {
      const serving = await createServingCertificate(["a.svc"], clock.now());
      const kept: Kept = { serving, next: undefined, retired: "", pathKey: "0123456789abcdef" };
      return [await replica(clock, createMemoryStore(kept), { registrations, times: theirs }), serving];
    };
    it("is served once its authority is trusted, and at once where it is the same", async () => {
      const clock = createFakeClock();
      const registrations: Registrations = [];
      const [leader, old] = await start(clock, registrations);
      await leader.lead();
      const next = await createServingCertificate(["a.svc"], clock.now());
      await leader.keeper.offer(next);
      assert.equal(registrations.at(-1)?.bundle, next.ca + old.ca);
      for (let passed = 0; passed < 2 * hour; passed += 10 * second) {
        assert.equal(leader.served().cert === next.cert, passed >= 150 * second, String(passed));
        await clock.advance(10 * second);
        assertTrusted([leader], registrations, clock.now());
      }
      assert.equal(registrations.at(-1)?.bundle, next.ca);
      await leader.keeper.offer({ ...old, ca: next.ca });
      assert.equal(leader.served().cert, old.cert);
    });
    it("is never renewed here", async () => {
      const clock = createFakeClock();
      const [leader, old] = await start(clock, []);
      await leader.lead();
      await clock.advance(life * 2);
      assert.equal(leader.served().cert, old.cert);
    });
  });
});
