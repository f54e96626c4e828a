/** An object as a Capture writes it: read by its policy and, where it drops defaults, without what is proven to be one. */
import type { Reading } from "../manifest/object-reader.ts";
import { manifestOf } from "../manifest/to-manifest.ts";
import type { JsonObject, Kind, Manifest } from "../values.ts";
import type { Target } from "./delivery-state.ts";

/** At once, or where a proof is needed first, later. */
export function readObject(
  { reader, prover }: Pick<Target, "reader" | "prover">,
  object: JsonObject,
  kind: Kind,
): Reading | Promise<Reading> {
  const reading = reader.read(object, kind);
  if (reading.verdict === "Skipped" || prover === undefined) return reading;
  const { content: full } = reading.manifest;
  const formed = prover.form(kind, full);
  const keep = (content: JsonObject): Reading => {
    const manifest: Manifest = { ...manifestOf(object, content), full };
    return { ...reading, manifest };
  };
  return formed instanceof Promise ? formed.then(keep) : keep(formed);
}
