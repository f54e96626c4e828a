/** Makes the nodes of trees that a server sent: each once, however often and however deep trees name it. */
import type { ObjectId } from "../values.ts";
import type { GitObject } from "./object-id.ts";
import { createPause } from "./pause.ts";
import { readFolders, TreeNode } from "./tree-node.ts";

/**
 * The nodes of all trees among the objects; undefined where one of them has a folder that neither `find` nor the
 * objects have. Lets other work run in between. Throws Failure RemoteInvalid for bytes that are no tree.
 */
export async function linkTrees(
  objects: ReadonlyMap<ObjectId, GitObject>,
  find: (id: ObjectId) => TreeNode | undefined,
): Promise<ReadonlyMap<ObjectId, TreeNode> | undefined> {
  const pause = createPause();
  const nodes = new Map<ObjectId, TreeNode>();
  for (const { type, oid } of objects.values()) {
    if (type !== "tree") continue;
    // Without recursion: how deep folders lie is the server's choice.
    const stack = [oid];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (nodes.has(top)) {
        stack.pop();
        continue;
      }
      await pause();
      const object = objects.get(top);
      if (object?.type !== "tree") return undefined;
      const folders = new Map<string, TreeNode>();
      const missing = new Set<ObjectId>();
      for (const [name, id] of readFolders(object.data)) {
        const node = nodes.get(id) ?? find(id);
        if (node === undefined) missing.add(id);
        else folders.set(name, node);
      }
      if (missing.size > 0) {
        for (const id of missing) stack.push(id);
        continue;
      }
      // What is here already, with all that lies below it, is not held twice.
      nodes.set(top, find(top) ?? new TreeNode(top, object.data, folders, true));
      stack.pop();
    }
  }
  return nodes;
}
