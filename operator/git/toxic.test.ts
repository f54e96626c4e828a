/** Servers that mean harm: each attack ends in a Failure that says what is wrong, in bounded time and memory. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { chain, commitPack, deltaOn, entry, packOf, treeOf, wideDeltas } from "../../test/git/toxic-packs.ts";
import {
  band,
  drip,
  forever,
  good,
  listRefs,
  sendPack,
  startToxicServer,
  type ToxicServer,
  type Toxin,
  type Toxins,
  whole,
} from "../../test/git/toxic-server.ts";
import { Failure } from "../failures.ts";
import type { Repository } from "../ports.ts";
import { encodeDelta } from "./delta.ts";
import { type ClosableRepositories, createRepositories } from "./index.ts";
import type { Limits } from "./limits.ts";
import { objectId } from "./object-id.ts";
import { encodePacket, flushPacket } from "./pkt-line.ts";

const main = "refs/heads/main";
const mebibyte = 2 ** 20;
const limits: Partial<Limits> = {
  answerBytes: 40 * mebibyte,
  packBytes: 16 * mebibyte,
  objectBytes: 8 * mebibyte,
  inflatedBytes: 48 * mebibyte,
  files: 100_000,
  refs: 10_000,
  packSeconds: 20,
  wholeRequestFactor: 3,
};

interface Attack {
  readonly toxins: Toxins;
  readonly work?: (repository: Repository) => Promise<unknown>;
  readonly class?: Failure["class"];
  readonly code?: Failure["code"];
  readonly message: RegExp;
  /** Of the remote, in milliseconds. */
  readonly timeoutMs?: number;
  /** What the attack may take, in milliseconds. */
  readonly withinMs?: number;
}

const zeros = (length: number): Buffer => Buffer.alloc(length);
const pack = (bytes: Buffer): Toxins => ({ fetch: (response) => sendPack(response, bytes) });
const packetsForever =
  (start: readonly Buffer[], piece: Uint8Array): Toxin =>
  async (response) => {
    response.write(Buffer.concat([...start]));
    await forever(response, piece);
  };
const packfile = encodePacket("packfile\n");
const packStart = Buffer.from("PACK\0\0\0\x02\0\0\x01\0", "latin1");
const remark = band(2, "counting objects\r");
const report = (...lines: readonly string[]): Buffer =>
  Buffer.concat([...lines.map((line) => encodePacket(`${line}\n`)), flushPacket]);
const banded = (bytes: Buffer): readonly Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / 65_000) }, (_, i) =>
    band(1, bytes.subarray(i * 65_000, (i + 1) * 65_000)),
  );

async function push(repository: Repository): Promise<unknown> {
  const { refs } = await repository.fetch([main]);
  const from = refs.get(main);
  const who = { name: "a", email: "a@example.invalid", at: 1 };
  const to = await repository.commit({
    parent: from,
    changes: [{ path: "b.yaml", content: "b" }],
    author: who,
    committer: who,
    message: "m",
  });
  return await repository.push([{ ref: main, from, to }], { atomic: false });
}
const listFiles = async (repository: Repository): Promise<unknown> => {
  const { refs } = await repository.fetch([main]);
  const tree = await repository.tree(refs.get(main) ?? "");
  return [...tree.files("")].length;
};

function nested(levels: number, makeTree: (below: string) => Buffer): Toxins {
  const made = commitPack(levels, makeTree);
  return { refs: (response) => listRefs(response, made.tip), fetch: (response) => sendPack(response, made.pack) };
}

const attacks: Readonly<Record<string, Attack>> = {
  "a pack whose objects inflate a thousandfold": {
    toxins: pack(packOf(Array.from({ length: 40 }, () => entry("blob", zeros(7 * mebibyte))))),
    message: /past 50331648 bytes when inflated/,
  },
  "an object that is too large": {
    toxins: pack(packOf([entry("blob", zeros(30 * mebibyte))])),
    message: /an object of 31457280 bytes/,
  },
  "an object that is larger than it says": {
    toxins: pack(packOf([entry("blob", zeros(30 * mebibyte), 10)])),
    message: /inflated/,
  },
  "an object that is smaller than it says": {
    toxins: pack(packOf([entry("blob", zeros(10), 7 * mebibyte)])),
    message: /another size than it says/,
  },
  "small deltas that become large": {
    toxins: pack(wideDeltas(Buffer.alloc(65_536, 1), 100, 200)),
    message: /when inflated/,
  },
  "a delta that says its result is a terabyte": {
    toxins: pack(
      packOf([
        entry("blob", zeros(9)),
        deltaOn(objectId("blob", zeros(9)), encodeDelta(9, 2 ** 40, [{ start: 0, end: 9 }])),
      ]),
    ),
    message: /an object of 1099511627776 bytes/,
  },
  "deltas on deltas, thousands deep": { toxins: pack(chain(5_000, false)), message: /deltas on each other/ },
  "deltas on deltas, and the first comes last": { toxins: pack(chain(5_000, true)), message: /deltas on each other/ },
  "a wrong checksum": {
    toxins: pack(Buffer.concat([good.pack.subarray(0, -20), zeros(20)])),
    message: /damaged/,
  },
  "more objects announced than there may be": { toxins: pack(packOf([], 2 ** 32 - 1)), message: /4294967295 objects/ },
  "remarks without end": {
    toxins: { fetch: packetsForever([packfile], Buffer.concat(Array.from({ length: 1_000 }, () => remark))) },
    message: /much that is no pack/,
  },
  "a pack without end": {
    toxins: { fetch: packetsForever([packfile, band(1, packStart)], band(1, zeros(65_000))) },
    message: /past \d+ bytes/,
  },
  "a pack byte by byte": {
    toxins: {
      fetch: packetsForever(
        [packfile, band(1, packStart)],
        Buffer.concat(Array.from({ length: 1_000 }, () => band(1, "x"))),
      ),
    },
    timeoutMs: 500,
    class: "Retry",
    code: "RemoteUnreachable",
    message: /too long/,
  },
  "sections without end before the pack": {
    toxins: { fetch: packetsForever([], Buffer.concat([encodePacket("shallow-info\n"), encodePacket("shallow x\n")])) },
    message: /much that is no pack/,
  },
  "empty packets without end": {
    toxins: { refs: packetsForever([], Buffer.from("0004".repeat(10_000))) },
    message: /not the git protocol/,
  },
  "empty packets without end, before a pack": {
    toxins: { fetch: packetsForever([], Buffer.from("0004".repeat(10_000))) },
    message: /empty packets/,
  },
  "a packet that is longer than packets are": {
    toxins: { refs: (response) => whole(response, [Buffer.from("fff5"), zeros(65_521)]) },
    message: /not the git protocol/,
  },
  "refs without end": {
    toxins: { refs: packetsForever([], encodePacket(`${good.tip} refs/heads/other\n`)) },
    message: /more than 10000 refs/,
  },
  "capabilities without end": {
    toxins: {
      capabilities: packetsForever(
        [encodePacket("# service=git-upload-pack\n"), flushPacket, encodePacket("version 2\n")],
        encodePacket(`x=${"y".repeat(10_000)}\n`),
      ),
    },
    message: /lists more than \d+ bytes/,
  },
  "refs without end where it tells what a push can do": {
    toxins: {
      receiveCapabilities: packetsForever(
        [
          encodePacket("# service=git-receive-pack\n"),
          flushPacket,
          encodePacket(`${good.tip} ${main}\0report-status\n`),
        ],
        encodePacket(`${good.tip} refs/heads/other\n`),
      ),
    },
    message: /lists more than \d+ bytes/,
    withinMs: 20_000,
  },
  "a byte now and then": {
    toxins: { fetch: async (response) => await drip(response, Buffer.concat([packfile, remark]), 50) },
    timeoutMs: 400,
    class: "Retry",
    code: "RemoteUnreachable",
    message: /too long/,
  },
  "a byte now and then of what it can do": {
    toxins: { capabilities: async (response) => await drip(response, encodePacket("# service=git-upload-pack\n"), 50) },
    timeoutMs: 400,
    class: "Retry",
    code: "RemoteUnreachable",
    message: /too long/,
  },
  "informational answers without end": {
    toxins: {
      refs: async (response) => {
        while (!response.destroyed) {
          response.writeProcessing();
          await sleep(20);
        }
      },
    },
    timeoutMs: 400,
    class: "Retry",
    code: "RemoteUnreachable",
    message: /too long|no answer in time/,
  },
  "a gigabyte announced, and nothing sent": {
    toxins: {
      fetch: (response) => {
        response.writeHead(200, { "content-length": String(2 ** 30) });
        response.write(packfile);
      },
    },
    timeoutMs: 400,
    class: "Retry",
    code: "RemoteUnreachable",
    message: /stopped coming|too long/,
  },
  "a gigabyte announced and sent": {
    toxins: {
      fetch: async (response) => {
        response.writeHead(200, { "content-length": String(2 ** 30) });
        await packetsForever([packfile, band(1, packStart)], band(1, zeros(65_000)))(response, undefined as never);
      },
    },
    message: /past \d+ bytes/,
  },
  "a header without end": {
    toxins: {
      refs: (response) => {
        response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(mebibyte)}`);
      },
    },
    class: "Retry",
    code: "RemoteUnreachable",
    message: /cannot be reached/,
  },
  "redirects in a ring": {
    toxins: {
      capabilities: (response, request) => {
        response.writeHead(302, { location: request.url ?? "" }).end();
      },
    },
    message: /again and again/,
  },
  "an answer that a decoder would inflate a thousandfold": {
    toxins: {
      fetch: (response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(zeros(200 * mebibyte)));
      },
    },
    message: /not the git protocol/,
  },
  "capabilities that a decoder would inflate a thousandfold": {
    toxins: {
      capabilities: (response) => {
        response.writeHead(200, { "content-encoding": "gzip, gzip" }).end(gzipSync(gzipSync(zeros(200 * mebibyte))));
      },
    },
    message: /something else/,
  },
  "folders a hundred thousand deep": {
    toxins: nested(100_000, (below) =>
      treeOf([
        ["40000", "d", below],
        ["100644", "f", below],
      ]),
    ),
    work: listFiles,
    message: /a path of more than 4096/,
    withinMs: 20_000,
  },
  "folders that name each other again and again": {
    toxins: nested(60, (below) => treeOf(Array.from({ length: 10 }, (_, i) => ["40000", `d${i}`, below]))),
    work: listFiles,
    message: /more than 100000 files/,
  },
  "a report of a million refs": {
    toxins: { push: packetsForever(banded(report("unpack ok")), band(1, encodePacket(`ng ${main} no\n`))) },
    work: push,
    message: /does not end/,
  },
  "a report without bands and without end": {
    toxins: {
      receiveCapabilities: (response) =>
        whole(response, [
          encodePacket("# service=git-receive-pack\n"),
          flushPacket,
          encodePacket(`${good.tip} ${main}\0report-status\n`),
          flushPacket,
        ]),
      push: packetsForever([], encodePacket("ok refs/heads/main\n")),
    },
    work: push,
    message: /does not end/,
  },
  "remarks without end on a push": {
    toxins: { push: packetsForever([], band(2, "x".repeat(60_000))) },
    work: push,
    message: /more than \d+ bytes/,
  },
  "words with escapes and tokens": {
    toxins: {
      fetch: (response) =>
        whole(response, [
          band(3, "").subarray(0, 0),
          encodePacket("ERR \u001b]0;title\u0007\u001b[31mno\u202e ghp_abcdefghijklmnop https://u:p@host/\n"),
        ]),
    },
    class: "Retry",
    code: "RemoteUnreachable",
    message: /^the server says: (\]0;title)?no gh\S*\[redacted\] https:\/\/host\/$/,
  },
};

describe("a hostile server", () => {
  let repositories: ClosableRepositories;
  before(() => {
    const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
    repositories = createRepositories({ policy, version: "test", limits });
  });
  after(async () => await repositories.close());

  const open = (url: string, timeoutMs = 5_000): Repository =>
    repositories.open({ url, credentials: { type: "None" }, ca: undefined, timeoutMs });

  /** The one failure, with the most memory that was taken meanwhile, in bytes, and the milliseconds. */
  async function suffer(
    attack: Attack,
    server: ToxicServer,
  ): Promise<{ readonly failure: Failure; readonly grown: number; readonly took: number }> {
    const start = process.memoryUsage.rss();
    let most = start;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 20);
    const began = performance.now();
    try {
      const answered = await (attack.work ?? ((it) => it.fetch([main])))(open(server.url, attack.timeoutMs));
      return assert.fail(`it answered ${JSON.stringify(answered)}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { failure: error, grown: most - start, took: performance.now() - began };
    } finally {
      clearInterval(timer);
    }
  }

  for (const [name, attack] of Object.entries(attacks)) {
    it(`does no harm by ${name}`, async (t) => {
      const server = await startToxicServer(attack.toxins);
      try {
        const { failure, grown, took } = await suffer(attack, server);
        assert.match(failure.message, attack.message);
        assert.equal(failure.class, attack.class ?? "Stalled");
        assert.equal(failure.code, attack.code ?? "RemoteInvalid");
        assert.ok(failure.message.length < 500 && !/\p{Cc}|\p{Cf}/u.test(failure.message));
        t.diagnostic(`${took.toFixed(0)} ms, ${(grown / mebibyte).toFixed(0)} MiB`);
        assert.ok(took < (attack.withinMs ?? 6_000), `it took ${took} ms`);
        assert.ok(grown < 400 * mebibyte, `it took ${grown} bytes`);
        for (let i = 0; server.open() > 0 && i < 100; i++) await sleep(20);
        assert.equal(server.open(), 0, "the connection is given up");
        assert.equal((await open(server.goodUrl).fetch([main])).refs.get(main), good.tip);
      } finally {
        await server.stop();
      }
    });
  }

  it("cannot put its escapes and tokens into what is told of a refused ref", async () => {
    const words = "\u001b[2J\u202ebearer abcdefghijklmnop";
    const server = await startToxicServer({
      push: (response) =>
        whole(response, [
          band(2, `remote: ${words}\n`),
          ...banded(report("unpack ok", `ng ${main} ${words}`)),
          flushPacket,
        ]),
    });
    try {
      const outcome = (await push(open(server.url))) as Awaited<ReturnType<Repository["push"]>>;
      const told = "bearer [redacted]: remote: bearer [redacted]";
      assert.deepEqual(outcome.get(main), { outcome: "Refused", message: told });
    } finally {
      await server.stop();
    }
  });
});
