/** Packs as no honest git server writes them: gitformat-pack(5), put together by hand. */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { encodeDelta, type Segment } from "../../operator/git/delta.ts";
import { type ObjectType, objectId } from "../../operator/git/object-id.ts";

const numbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** A pack of entries, its checksum right. */
export function packOf(entries: readonly Buffer[], count: number = entries.length): Buffer {
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(count, 8);
  const hash = createHash("sha1").update(header);
  for (const entry of entries) hash.update(entry);
  return Buffer.concat([header, ...entries, hash.digest()]);
}

/** An object that is kept whole; `size` is what it says its length is. */
export function entry(type: ObjectType, data: Buffer, size: number = data.length): Buffer {
  return Buffer.concat([head(numbers[type], size), deflateSync(data)]);
}

/** A delta on the object of an id. */
export function deltaOn(base: string, delta: Buffer): Buffer {
  return Buffer.concat([head(7, delta.length), Buffer.from(base, "hex"), deflateSync(delta)]);
}

/** A blob and `count` deltas, each on the one before, which it makes one byte longer; the blob is first or last. */
export function chain(count: number, blobLast: boolean): Buffer {
  let text = Buffer.from("a");
  const entries = [entry("blob", text)];
  for (let i = 0; i < count; i++) {
    const segments: Segment[] = [{ start: 0, end: text.length }, { insert: Buffer.from("b") }];
    entries.push(deltaOn(objectId("blob", text), encodeDelta(text.length, text.length + 1, segments)));
    text = Buffer.concat([text, Buffer.from("b")]);
  }
  return packOf(blobLast ? entries.toReversed() : entries);
}

/** `count` deltas of some bytes each that become `times` the base, and no two of them the same. */
export function wideDeltas(base: Buffer, times: number, count: number): Buffer {
  const copies: Segment[] = Array.from({ length: times }, () => ({ start: 0, end: base.length }));
  const deltas = Array.from({ length: count }, (_, i) => {
    const insert = Buffer.from(String(i));
    const length = base.length * times + insert.length;
    return deltaOn(objectId("blob", base), encodeDelta(base.length, length, [...copies, { insert }]));
  });
  return packOf([entry("blob", base), ...deltas]);
}

export function treeOf(entries: Iterable<readonly [mode: string, name: string, oid: string]>): Buffer {
  return Buffer.concat(
    [...entries].map(([mode, name, oid]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")])),
  );
}

export function commitOf(tree: string): Buffer {
  const who = "A <a@example.invalid> 1700000000 +0000";
  return Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nm\n`);
}

/** A commit whose tree is the last of those made, each from the id of the one before; the first holds a file. */
export function commitPack(
  levels: number,
  makeTree: (below: string) => Buffer,
): { readonly pack: Buffer; readonly tip: string } {
  const leaf = treeOf([["100644", "a.yaml", objectId("blob", Buffer.from("x"))]]);
  const entries = [entry("tree", leaf)];
  let below = objectId("tree", leaf);
  for (let i = 0; i < levels; i++) {
    const tree = makeTree(below);
    entries.push(entry("tree", tree));
    below = objectId("tree", tree);
  }
  const commit = commitOf(below);
  entries.push(entry("commit", commit));
  return { pack: packOf(entries.toReversed()), tip: objectId("commit", commit) };
}

function head(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size % 16)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((bytes.pop() ?? 0) | 128, rest % 128);
  }
  return Buffer.from(bytes);
}
