/** PURE: whether a folder of the source branch is one of plain manifests, and which files it holds. */
import { line } from "../merge/describe.ts";
import type { RepoPath, SourceFile, Tree } from "../values.ts";
import { isReserved } from "./path.ts";
import type { UnreadableFile } from "./source-index.ts";

export type Survey =
  | {
      readonly verdict: "Supported";
      readonly files: readonly SourceFile[];
      /** What is there and is neither read nor written: links, submodules. */
      readonly skipped: readonly UnreadableFile[];
    }
  | { readonly verdict: "Refused"; readonly reason: "UnsupportedLayout"; readonly detail: string };

const markers: ReadonlyMap<string, string> = new Map([
  ["kustomization.yaml", "a kustomization"],
  ["kustomization.yml", "a kustomization"],
  ["kustomization", "a kustomization"],
  ["chart.yaml", "a Helm chart"],
]);

/**
 * Looks at the path, at what lies below it, and at the folders above. What git, a forge or its CI keeps for itself
 * (`.github`, `.gitlab-ci.yml`) is no manifest, whatever it holds.
 */
export function survey(tree: Tree, base: RepoPath): Survey {
  const parents = base.split("/");
  for (let depth = 0; depth < (base === "" ? 0 : parents.length); depth++) {
    const folder = parents.slice(0, depth).join("/");
    for (const [name, { mode }] of tree.list(folder)) {
      const what = mode === folderMode ? undefined : unsupported(name);
      if (what !== undefined)
        return refused(`${base} lies under ${what} (${folder === "" ? name : `${folder}/${name}`})`);
    }
    const step = tree.entry(parents.slice(0, depth + 1).join("/"));
    if (step !== undefined && step.mode !== folderMode)
      return refused(`${parents.slice(0, depth + 1).join("/")} is no folder`);
  }
  const files: SourceFile[] = [];
  const skipped: UnreadableFile[] = [];
  for (const [path, { mode, oid }] of tree.files(base)) {
    const below = (base === "" ? path : path.slice(base.length + 1)).split("/");
    if (below.some(isReserved)) continue;
    const name = below.at(-1) ?? "";
    const what = unsupported(name);
    if (what !== undefined) return refused(`${base === "" ? "the root" : base} holds ${what} (${path})`);
    if (mode === "120000") skipped.push({ path, why: "it is a symbolic link" });
    else if (mode === "160000") skipped.push({ path, why: "it is a submodule" });
    else if (/\.(?:ya?ml|json)$/i.test(name)) files.push({ path, blob: oid });
  }
  return { verdict: "Supported", files, skipped };
}

const folderMode = "40000";

function unsupported(name: string): string | undefined {
  if (/\.tf(?:\.json)?$/i.test(name)) return "a Terraform module";
  return markers.get(name.toLowerCase());
}

function refused(detail: string): Survey {
  return { verdict: "Refused", reason: "UnsupportedLayout", detail: line(detail) };
}
