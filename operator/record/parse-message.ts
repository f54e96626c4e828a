/** PURE: reads back what commitMessage wrote, so that a change keeps its author across a crash. */

import type { Author, Commit } from "../values.ts";
import { rebaseTrailer } from "./commit-message.ts";

/** Values by key, of the last paragraph. */
export function parseTrailers(message: string): ReadonlyMap<string, readonly string[]> {
  const trailers = new Map<string, string[]>();
  const last = message.trimEnd().split("\n\n").at(-1) ?? "";
  for (const text of last.split("\n")) {
    const colon = text.indexOf(": ");
    if (colon <= 0) continue;
    const key = text.slice(0, colon);
    const values = trailers.get(key) ?? [];
    values.push(text.slice(colon + 2));
    trailers.set(key, values);
  }
  return trailers;
}

export function isRebase(commit: Commit): boolean {
  return parseTrailers(commit.message).has(rebaseTrailer);
}

export function authorOf(commit: Commit): Author {
  const trailers = parseTrailers(commit.message);
  const rung = trailers.get("Attribution")?.[0];
  const person = trailers.get("Changed-By")?.[0];
  const evidence = `commit ${commit.id.slice(0, 12)} of the record`;
  if (rung === "Operator") return { rung: "Operator" };
  if (rung === "Several") return { rung: "Several", people: (trailers.get("Changed-By") ?? []).map(unquote) };
  if (person !== undefined && (rung === "Admission" || rung === "Audit" || rung === "FieldManager")) {
    const tool = trailers.get("Changed-With")?.[0];
    return {
      rung,
      person: unquote(person),
      groups: [],
      tool: tool === undefined ? undefined : unquote(tool),
      evidence,
    };
  }
  const candidates = (trailers.get("Attribution-Candidate") ?? []).map(unquote);
  return { rung: "None", candidates, evidence };
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === "string" ? text : value;
  } catch {
    return value;
  }
}
