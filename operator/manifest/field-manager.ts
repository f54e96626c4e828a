import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, textAt } from "./identity.ts";

/** The manager of the newest `metadata.managedFields` entry that is not for a subresource other than scale; its own word. */
export function lastFieldManager(object: JsonObject): string | undefined {
  let newest: { readonly manager: string; readonly time: string } | undefined;
  for (const entry of entriesOf(object, ["", "scale"])) {
    const time = textAt(entry, "time");
    if (newest === undefined || time >= newest.time) newest = { manager: textAt(entry, "manager"), time };
  }
  return newest?.manager;
}

/** Who wrote the object itself, subresources apart. */
export function fieldManagers(object: JsonObject): readonly string[] {
  return entriesOf(object, [""]).map((entry) => textAt(entry, "manager"));
}

function entriesOf(object: JsonObject, subresources: readonly string[]): readonly JsonObject[] {
  const entries = metadataOf(object)["managedFields"];
  if (!Array.isArray(entries)) return [];
  return (entries as readonly Json[])
    .filter(isObject)
    .filter((entry) => subresources.includes(textAt(entry, "subresource")));
}
