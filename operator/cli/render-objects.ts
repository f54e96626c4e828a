import { serialize } from "../manifest/serialize.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import type { JsonObject } from "../values.ts";
import { harmless } from "./render-json.ts";

/** Objects of the API for programs: one as it is, several as a v1 List, as kubectl does; without managedFields. */
export function renderObjects(objects: readonly JsonObject[], output: "json" | "yaml", isOne: boolean): string {
  const items = objects.map(withoutBookkeeping);
  const [first] = items;
  const value = isOne && first !== undefined ? first : { apiVersion: "v1", kind: "List", metadata: {}, items };
  const json = `${harmless(stringifyJson(value, "  "))}\n`;
  if (output === "json") return json;
  const yaml = serialize(value);
  // JSON is YAML too.
  return harmless(yaml) === yaml ? yaml : json;
}

function withoutBookkeeping(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = (object["metadata"] ?? {}) as JsonObject;
  return { ...object, metadata };
}
