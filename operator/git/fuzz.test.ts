/** Whatever bytes a server sends: an answer or a Failure, and soon. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { chain, commitPack, entry, packOf, treeOf, wideDeltas } from "../../test/git/toxic-packs.ts";
import { Failure } from "../failures.ts";
import { parseCommit } from "./commit-object.ts";
import { applyDelta, encodeDelta } from "./delta.ts";
import { discoverReceivePack, discoverUploadPack } from "./discover.ts";
import { fetchPack } from "./fetch-pack.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { linkTrees } from "./link-trees.ts";
import { lsRefs } from "./ls-refs.ts";
import { type GitObject, objectId } from "./object-id.ts";
import { encodePacket, flushPacket, parsePackets, readPackets } from "./pkt-line.ts";
import { parseReport } from "./push-report.ts";
import { readPack } from "./read-pack.ts";
import { sendPack } from "./send-pack.ts";
import type { Transport } from "./transport.ts";
import { readFolders, TreeNode, viewTree } from "./tree-node.ts";

const limits: Limits = {
  ...defaultLimits,
  objectBytes: 2 ** 20,
  inflatedBytes: 2 ** 22,
  packObjects: 10_000,
  files: 10_000,
};
const oid = "8".repeat(40);
const runs = { numRuns: 2_000 };

type Mutation = readonly [kind: "set" | "cut" | "repeat" | "insert" | "end", at: number, length: number, byte: number];

const mutations = fc.array(
  fc.tuple(
    fc.constantFrom("set", "set", "set", "cut", "repeat", "insert", "end"),
    fc.integer({ min: 0, max: 9_999 }),
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 })),
    fc.oneof(fc.constantFrom(0, 127, 128, 255), fc.integer({ min: 0, max: 255 })),
  ),
  { minLength: 1, maxLength: 6 },
) as fc.Arbitrary<readonly Mutation[]>;

function mutate(bytes: Buffer, changes: readonly Mutation[]): Buffer {
  let result = Buffer.from(bytes);
  for (const [kind, place, length, byte] of changes) {
    const at = Math.floor((place / 10_000) * result.length);
    const [head, tail] = [result.subarray(0, at), result.subarray(at)];
    if (kind === "set" && at < result.length) result[at] = byte;
    else if (kind === "cut") result = Buffer.concat([head, tail.subarray(length)]);
    else if (kind === "repeat") result = Buffer.concat([head, tail.subarray(0, length), tail]);
    else if (kind === "insert") result = Buffer.concat([head, Buffer.alloc(length, byte), tail]);
    else if (kind === "end") result = Buffer.from(head);
  }
  return result;
}

/** Answers whether it did not fail. */
async function harmless(work: () => unknown): Promise<boolean> {
  const began = performance.now();
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.ok(["RemoteInvalid", "RemoteUnreachable", "RepositoryNotFound"].includes(error.code), error.code);
    assert.ok(error.message.length < 2_000 && !/\p{Cc}/u.test(error.message), JSON.stringify(error.message));
    return false;
  } finally {
    assert.ok(performance.now() - began < 5_000);
  }
}

async function survives(seeds: readonly Buffer[], work: (bytes: Buffer) => unknown): Promise<void> {
  for (const seed of seeds) assert.ok(await harmless(async () => await work(seed)), "the seed itself is right");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), mutations, async (seed, changes) => {
      await harmless(async () => await work(mutate(seed, changes)));
    }),
    runs,
  );
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

function answering(bytes: Buffer): Transport {
  return {
    admit: () => {},
    send: async ({ url }) =>
      await Promise.resolve({ url, contentType: "application/x-git-x", date: undefined, body: pieces(bytes) }),
  };
}

const lines = (...all: readonly string[]): Buffer => Buffer.concat(all.map((line) => encodePacket(`${line}\n`)));
const banded = (bytes: Buffer): Buffer => encodePacket(Buffer.concat([Buffer.of(1), bytes]));
const tree = treeOf([
  ["100644", "a.yaml", oid],
  ["40000", "b", oid],
  ["120000", "c", oid],
]);
const packs = [
  packOf([entry("blob", Buffer.from("one")), entry("tree", tree), entry("commit", Buffer.alloc(300, 97))]),
  chain(20, false),
  chain(20, true),
  wideDeltas(Buffer.alloc(500, 1), 20, 10),
  commitPack(3, (below) => treeOf([["40000", "d", below]])).pack,
];
const server = { url: "http://x", filter: true, unborn: true, objectFormat: false, old: undefined };
const options = { agent: "test", limits };

describe("mutated bytes of a server", () => {
  it("as a pack, its checksum right", async () => {
    const bodies = packs.map((pack) => pack.subarray(12, -20));
    const counts = packs.map((pack) => pack.readUInt32BE(8));
    await survives(bodies, async (body) => {
      const at = bodies.indexOf(body);
      for (const count of at < 0 ? counts : [counts[at] ?? 0]) {
        const read = async (): Promise<unknown> => await readPack(packOf([body], count), limits);
        if (at >= 0) await read();
        else await harmless(read);
      }
    });
  });

  it("as a pack with its frame", async () => {
    await survives(packs, async (pack) => await readPack(pack, limits));
  });

  it("as a delta", async () => {
    const base = Buffer.alloc(1_000, 7);
    const delta = encodeDelta(1_000, 2_005, [
      { start: 0, end: 1_000 },
      { insert: Buffer.from("hello") },
      { start: 0, end: 1_000 },
    ]);
    await survives([delta], (bytes) => applyDelta(bytes, base, limits.objectBytes));
  });

  it("as trees", async () => {
    await survives([tree], async (data) => {
      readFolders(data);
      const node = new TreeNode(oid, data, new Map(), true);
      for (const [path] of viewTree(node, limits).files("")) viewTree(node, limits).entry(path);
      node.find("a.yaml");
      const object: GitObject = { type: "tree", oid: objectId("tree", data), data };
      await linkTrees(new Map([[object.oid, object]]), () => node);
    });
  });

  it("as a commit", async () => {
    const commit = `tree ${oid}\nparent ${oid}\nauthor A <a@x> 1 +0100\ncommitter B <b@x> 2 -0230\ngpgsig x\n y\n\nwords\n`;
    await survives([Buffer.from(commit)], (data) => parseCommit(oid, data));
  });

  it("as packets", async () => {
    await survives([Buffer.concat([lines("one", "two"), flushPacket, lines("three")])], async (bytes) => {
      let fromPieces = 0;
      const read = async (): Promise<void> => {
        for await (const _ of readPackets(pieces(bytes))) fromPieces++;
      };
      const fine = await harmless(read);
      assert.equal(fine, await harmless(() => assert.equal(parsePackets(bytes).length, fromPieces)));
      await read();
    });
  });

  it("as the report of a push", async () => {
    const report = Buffer.concat([lines("unpack ok", "ok refs/heads/main", "ng refs/x hook declined"), flushPacket]);
    await survives([report], (bytes) => parseReport(bytes, bytes.toString("utf8")));
    const receive = { url: "http://x", capabilities: new Set(["report-status", "side-band-64k"]) };
    const push = { updates: [{ ref: "refs/x", from: undefined, to: oid }], atomic: false, entries: [], agent: "test" };
    await survives([Buffer.concat([banded(report), flushPacket])], async (bytes) => {
      await sendPack(answering(bytes), receive, push);
    });
  });

  it("as what it can do", async () => {
    const v2 = lines("version 2", "agent=x", "ls-refs=unborn", "fetch=shallow filter", "object-format=sha1");
    const upload = Buffer.concat([lines("# service=git-upload-pack"), flushPacket, v2, flushPacket]);
    await survives([upload], async (bytes) => await discoverUploadPack(answering(bytes), "http://x"));
    const oldLine = `${oid} HEAD\0side-band-64k shallow symref=HEAD:refs/heads/main agent=x`;
    const old = lines(oldLine, `${oid} refs/heads/main`, `${oid} refs/tags/v1^{}`);
    const oldUpload = Buffer.concat([lines("# service=git-upload-pack"), flushPacket, old, flushPacket]);
    await survives([oldUpload], async (bytes) => await discoverUploadPack(answering(bytes), "http://x"));
    const refs = lines(`${oid} refs/heads/main\0report-status atomic`, `${oid} refs/heads/two`);
    const receive = Buffer.concat([lines("# service=git-receive-pack"), flushPacket, refs, flushPacket]);
    await survives([receive], async (bytes) => await discoverReceivePack(answering(bytes), "http://x"));
  });

  it("as a list of refs", async () => {
    const listed = lines(`${oid} HEAD symref-target:refs/heads/main`, `${oid} refs/heads/main`, `${oid} refs/tags/v1`);
    await survives([Buffer.concat([listed, flushPacket])], async (bytes) => {
      await lsRefs(answering(bytes), server, ["refs/heads/main"], options);
    });
  });

  it("as the answer to a fetch", async () => {
    const asked = { wants: [oid], haves: [], deepen: 1, filter: "blob:none" as const, maxObjects: undefined };
    const answer = Buffer.concat([
      lines("shallow-info", `shallow ${oid}`),
      Buffer.from("0001"),
      lines("packfile"),
      ...packs.slice(0, 1).map(banded),
      flushPacket,
    ]);
    await survives([answer], async (bytes) => {
      const pack = await fetchPack(answering(bytes), server, asked, options);
      if (pack !== undefined) await readPack(pack, limits);
    });
    const old = { capabilities: new Set(["side-band-64k", "shallow"]), refs: new Map(), head: undefined };
    const first = [lines(`shallow ${oid}`), flushPacket, lines("NAK")];
    await survives([Buffer.concat([...first, ...packs.slice(0, 1).map(banded), flushPacket])], async (bytes) => {
      const pack = await fetchPack(answering(bytes), { ...server, old }, asked, options);
      if (pack !== undefined) await readPack(pack, limits);
    });
  });
});
