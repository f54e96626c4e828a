/** Numbers that an IEEE double cannot carry in their own spelling. */
import type { Json, Verbatim } from "../values.ts";

class VerbatimNumber implements Verbatim {
  readonly verbatim: string;
  constructor(source: string) {
    this.verbatim = source;
  }
}

export function verbatim(source: string): Verbatim {
  return new VerbatimNumber(source);
}

/** Told by its class, so that an object with a key `verbatim` is no number. */
export function isVerbatim(value: Json | undefined): value is Verbatim {
  return value instanceof VerbatimNumber;
}
