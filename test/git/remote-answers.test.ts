/**
 * The repositories of operator/git and servers that answer badly: slowly, without end, wrongly, or that refuse. Each is
 * bounded; after it the change arrives, once, and what the fault took hold of is free again.
 */
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { afterEach, describe, it } from "node:test";
import { Failure } from "../../operator/failures.ts";
import type { RepositoriesOptions } from "../../operator/git/index.ts";
import { type FaultWorld, main, record, startFaultWorld, usedMemory } from "./fault-world.ts";

let world: FaultWorld;
let settled: () => Promise<void>;

const start = async (limits: RepositoriesOptions["limits"] = {}): Promise<void> => {
  world = await startFaultWorld({ limits });
  await world.arrives("first");
  settled = await world.noteResources();
};
afterEach(async () => {
  world.proxy.clear();
  try {
    await settled();
    assert.deepEqual(await world.remote.fsck(), []);
  } finally {
    await world[Symbol.asyncDispose]();
  }
});

const failure = async (name: string): Promise<string> => {
  const { class: kind, code, message } = await world.fails(name);
  return `${kind} ${code}: ${message}`;
};

describe("a server that answers slowly", () => {
  for (const phase of ["fetch", "push"] as const) {
    it(`bit by bit, at ${phase}, is given up`, async () => {
      await start({ wholeRequestFactor: 1 });
      world.proxy.add(phase, { type: "Drip", bytes: 1, everyMs: 200 });
      assert.match(await failure("a"), /^Retry RemoteUnreachable: .*took too long/);
      await world.arrives("a");
    });

    it(`never, at ${phase}, is given up`, async () => {
      await start();
      world.proxy.add(phase, { type: "Silence" });
      assert.match(await failure("a"), /^Retry RemoteUnreachable: .*no answer in time/);
      await world.arrives("a");
    });
  }
});

describe("a server that says more and more", () => {
  const packet = Buffer.concat([Buffer.from("fff0\u0002"), Buffer.alloc(0xfff0 - 5, "remote: busy\n")]);
  function* endless(head: readonly Buffer[]): Generator<Buffer> {
    yield* head;
    for (;;) yield packet;
  }

  it("of what it is doing while it performs a push", async () => {
    await start({ answerBytes: 64 * 2 ** 20 });
    const memory = usedMemory();
    const contentType = "application/x-git-receive-pack-result";
    world.proxy.add("push", { type: "Say", contentType, pieces: endless([]) });
    assert.match(await failure("a"), /^Stalled RemoteInvalid: .*more than 67108864 bytes/);
    assert.ok(usedMemory() - memory < 8 * 2 ** 20);
    await world.arrives("a");
  });

  it("of what it is doing while it makes a pack", async () => {
    await start({ answerBytes: 64 * 2 ** 20 });
    world.repository = world.fresh();
    const memory = usedMemory();
    const contentType = "application/x-git-upload-pack-result";
    const pieces = endless([Buffer.from("000dpackfile\n")]);
    world.proxy.add("fetch", { type: "Say", contentType, pieces }, 1, 1);
    assert.match(await failure("a"), /^Stalled RemoteInvalid: .*much that is no pack/);
    assert.ok(usedMemory() - memory < 8 * 2 ** 20);
    await world.arrives("a");
  });
});

describe("a pack", () => {
  it("with a wrong checksum is not taken in", async () => {
    await start();
    world.repository = world.fresh();
    const body = (answer: Buffer): Buffer => {
      // Before the flush packet at the end stands the checksum.
      const at = answer.length - 5;
      answer[at] = (answer[at] ?? 0) ^ 1;
      return answer;
    };
    world.proxy.add("fetch", { type: "Change", body }, 1, 1);
    assert.match(await failure("a"), /^Stalled RemoteInvalid: .*damaged on its way/);
    await world.arrives("a");
  });

  it("with one byte changed anywhere is not taken in", async () => {
    await start();
    for (let i = 1; i < 12; i++) {
      world.repository = world.fresh();
      const body = (answer: Buffer): Buffer => {
        const at = Math.floor((answer.length * i) / 12);
        answer[at] = (answer[at] ?? 0) ^ 0x55;
        return answer;
      };
      world.proxy.add("fetch", { type: "Change", body }, 1, 1);
      await world.fails(`a${i}`);
      await world.arrives(`a${i}`);
    }
  });

  it("with a huge object is refused, and the rest of the repository goes on", async () => {
    await start({ objectBytes: 2 ** 20 });
    const huge = "x".repeat(8 * 2 ** 20);
    await world.remote.commitAsPerson({ files: { "apps/huge.yaml": huge } });
    await world.arrives("a");
    const { repository } = world;
    const tip = (await repository.fetch([main])).refs.get(main) ?? "";
    const blob = (await repository.tree(tip)).entry("apps/huge.yaml")?.oid ?? "";
    const memory = usedMemory();
    await assert.rejects(repository.blobs([blob]), { class: "Stalled", code: "RemoteInvalid" });
    assert.ok(usedMemory() - memory < 4 * 2 ** 20);
    await world.arrives("b");
  });
});

describe("a push of which one ref is refused", () => {
  for (const ref of [main, record]) {
    for (const atomic of [true, false]) {
      it(`${ref} by a hook, ${atomic ? "all or none" : "each for itself"}`, async () => {
        await start();
        await world.remote.git("config", "receive.advertiseAtomic", `${atomic}`);
        world.repository = world.fresh();
        await world.remote.rejectRef(ref, "protected: ask the platform team");
        const other = ref === main ? record : main;
        const before = await world.remote.tip(other);
        const refused = new RegExp(`${ref}.*Refused.*protected: ask the platform team`);
        for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(world.deliver("a"), refused);
        assert.equal((await world.remote.tip(other)) === before, atomic);
        await world.remote.acceptAll();
        await world.arrives("a");
      });
    }
  }

  it("both, in the server's words, where it cannot unpack what it got", async () => {
    await start();
    await world.remote.git("config", "receive.maxInputSize", "10");
    await assert.rejects(world.deliver("a"), /Refused.*pack exceeds maximum allowed size/);
    await world.remote.git("config", "--unset", "receive.maxInputSize");
    await world.arrives("a");
  });

  it("both, tried again, where the server's disk is full", async () => {
    await start();
    // As git 2.39 answers on a full file system.
    const words = "fatal: unable to write loose object file: No space left on device\n";
    const lines = ["unpack unpack-objects abnormal exit\n"];
    for (const ref of [record, main]) lines.push(`ng ${ref} unpacker error\n`);
    const report = `${lines.map(packetOf).join("")}0000`;
    const pieces = [Buffer.from(`${packetOf(`\u0002${words}`)}${packetOf(`\u0001${report}`)}0000`)];
    world.proxy.add("push", { type: "Say", contentType: "application/x-git-receive-pack-result", pieces });
    assert.match(await failure("a"), /^Retry RemoteUnreachable: .*No space left on device/);
    await world.arrives("a");
  });
});

function packetOf(text: string): string {
  return `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
}

describe("a repository that is replaced by another under its URL", () => {
  const replace = async (): Promise<void> => {
    const files = { "README.md": "another\n" };
    const other = await world.server.createRepository("acme/other", { files });
    await rename(world.remote.path, `${world.remote.path}.old`);
    await rename(other.path, world.remote.path);
  };

  it("between two deliveries", async () => {
    await start();
    await replace();
    await world.arrives("a");
    assert.deepEqual(await world.remote.files(), ["README.md", "apps/a.yaml"]);
  });

  it("between the fetch and the push", async () => {
    await start();
    const { repository } = world;
    const from = (await repository.fetch([main])).refs.get(main) ?? "";
    const who = { name: "Alice", email: "alice@example.com", at: 1 };
    const changes = [{ path: "apps/a.yaml", content: "lost\n" }];
    const to = await repository.commit({ parent: from, changes, author: who, committer: who, message: "m\n" });
    await replace();
    try {
      const outcome = await repository.push([{ ref: main, from, to }], { atomic: false });
      assert.equal(outcome.get(main)?.outcome, "Stale");
    } catch (error) {
      assert.ok(error instanceof Failure && error.class === "Retry", String(error));
    }
    await world.arrives("a");
    assert.deepEqual(await world.remote.files(), ["README.md", "apps/a.yaml"]);
  });
});

describe("faults again and again", () => {
  it("leave no memory and no file handles behind", async () => {
    await start();
    const spoil = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        const phase = i % 2 === 0 ? "push" : "fetch";
        if (i % 3 === 0) world.proxy.add(phase, { type: "ResetAtHeaders" }, 2);
        else if (i % 3 === 1) world.proxy.add(phase, { type: "CutAnswer", bytes: 10 });
        else world.proxy.add(phase, { type: "LoseAnswer" }, 2);
        await assert.rejects(world.deliver("a"), Failure);
        world.proxy.clear();
        await world.deliver("a");
        await world.remote.commitAsPerson({ files: { "apps/a.yaml": `changed ${i}\n` } });
      }
    };
    await spoil(0, 12);
    const memory = usedMemory();
    await spoil(12, 36);
    const grown = usedMemory() - memory;
    assert.ok(grown < 4 * 2 ** 20, `${grown} bytes more`);
  });
});
