/** PURE: how a change is written at an object's home. Today whole files. */
import type { Edited, Home, Manifest } from "../values.ts";

export interface EditInput {
  readonly home: Home;
  /** undefined: the object is gone. */
  readonly manifest: Manifest | undefined;
  /** What stands at the home now: nothing, this object alone, something else, this object among others. */
  readonly occupied: "No" | "Own" | "Foreign" | "Shared";
}

export function edit({ home: { path }, manifest, occupied }: EditInput): Edited {
  if (occupied === "Foreign") {
    return {
      verdict: "Refused",
      reason: "PathOccupied",
      detail: `${path} holds something that this capture did not write`,
    };
  }
  if (occupied === "Shared") {
    return { verdict: "Refused", reason: "UnsupportedLayout", detail: `${path} holds more than this object` };
  }
  if (manifest === undefined) return { verdict: "Edited", changes: [{ path, content: null }], source: [] };
  if (/\.json$/i.test(path)) {
    return { verdict: "Refused", reason: "UnsupportedLayout", detail: `${path} is JSON: only YAML is written yet` };
  }
  const { text, blob } = manifest;
  return { verdict: "Edited", changes: [{ path, content: text }], source: [{ path, blob }] };
}
