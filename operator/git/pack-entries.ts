import type { ObjectId } from "../values.ts";
import { deltaLength, encodeDelta } from "./delta.ts";
import type { Draft } from "./object-store.ts";
import type { TreeNode } from "./tree-node.ts";
import type { PackEntry } from "./write-pack.ts";

/** Trees below this many bytes are sent whole. */
const smallestDeltaTarget = 256;

/**
 * Each object of the drafts once. A large tree that changed little goes as a delta on the one before it, if that is in
 * the pack too, or `thin` packs are taken and the server has it.
 */
export function packEntries(drafts: readonly Draft[], thin: boolean): readonly PackEntry[] {
  const entries = new Map<ObjectId, PackEntry>();
  const trees = new Map<ObjectId, TreeNode>();
  for (const { commit, data, trees: added, blobs } of drafts) {
    entries.set(commit.id, { type: "commit", data: () => data });
    for (const node of added) if (!node.sent && !trees.has(node.oid)) trees.set(node.oid, node);
    for (const [id, text] of blobs) entries.set(id, { type: "blob", data: () => Buffer.from(text) });
  }
  for (const [oid, node] of trees) {
    const { delta, raw } = node;
    const base = delta?.base;
    const has = base !== undefined && (base.sent ? thin : trees.get(base.oid) === base);
    const small =
      delta !== undefined && raw.length >= smallestDeltaTarget && deltaLength(delta.segments) < raw.length / 2;
    if (has && small) {
      const { segments } = delta;
      const encode = (): Buffer => encodeDelta(base.raw.length, raw.length, segments);
      entries.set(oid, { type: "delta", base: base.oid, data: encode });
    } else entries.set(oid, { type: "tree", data: () => raw });
  }
  return [...entries.values()];
}
