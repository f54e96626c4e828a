import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, textAt } from "./identity.ts";

/** The manager of the newest `metadata.managedFields` entry that is not for a subresource other than scale; its own word. */
export function lastFieldManager(object: JsonObject): string | undefined {
  const entries = metadataOf(object)["managedFields"];
  if (!Array.isArray(entries)) return undefined;
  let newest: { readonly manager: string; readonly time: string } | undefined;
  for (const entry of entries as readonly Json[]) {
    if (!isObject(entry) || !["", "scale"].includes(textAt(entry, "subresource"))) continue;
    const time = textAt(entry, "time");
    if (newest === undefined || time >= newest.time) newest = { manager: textAt(entry, "manager"), time };
  }
  return newest?.manager;
}
