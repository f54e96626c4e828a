import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import { parseSpecs } from "../api/parse-specs.ts";

/** What is to be planned: one Capture, and the GitRemotes that stand beside it. */
export interface PlanInput {
  readonly capture: Capture;
  readonly remotes: readonly GitRemote[];
}

export type ReadSpecs =
  | { readonly ok: true; readonly input: PlanInput }
  | { readonly ok: false; readonly problems: readonly string[] };

export type ReadAll =
  | { readonly ok: true; readonly captures: readonly Capture[]; readonly remotes: readonly GitRemote[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the files of `plan -f`. `readText` gives a file's text, standard input's for "-", and throws as node:fs does. */
export function readSpecs(
  files: readonly string[],
  defaultNamespace: string,
  readText: (file: string) => string,
): ReadSpecs {
  const all = readAll(files, defaultNamespace, readText);
  if (!all.ok) return all;
  const { captures, remotes } = all;
  const [capture] = captures;
  if (capture === undefined || captures.length > 1) {
    const problem = `${files.join(", ")}: give one Capture to plan; there are ${captures.length}`;
    return { ok: false, problems: [problem] };
  }
  return { ok: true, input: { capture, remotes } };
}

/** However many there are. */
export function readAll(
  files: readonly string[],
  defaultNamespace: string,
  readText: (file: string) => string,
): ReadAll {
  const problems: string[] = [];
  const captures: Capture[] = [];
  const remotes: GitRemote[] = [];
  for (const file of files) {
    const name = file === "-" ? "standard input" : file;
    let text: string;
    try {
      text = readText(file);
    } catch (error) {
      problems.push(`${name}: ${why(error)}`);
      continue;
    }
    const parsed = parseSpecs(text, defaultNamespace);
    if (parsed.ok) {
      captures.push(...parsed.captures);
      remotes.push(...parsed.remotes);
    } else {
      problems.push(...parsed.problems.map((problem) => `${name}: ${problem}`));
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, captures, remotes };
}

function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "may not be read";
  return code === "EISDIR" ? "is a folder: give a file" : message;
}
