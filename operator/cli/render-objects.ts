import { serialize } from "../manifest/serialize.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import type { JsonObject } from "../values.ts";

/** Objects of the API for programs: one as it is, several as a v1 List, as kubectl does; without managedFields. */
export function renderObjects(objects: readonly JsonObject[], output: "json" | "yaml", isOne: boolean): string {
  const items = objects.map(withoutBookkeeping);
  const [first] = items;
  const value = isOne && first !== undefined ? first : { apiVersion: "v1", kind: "List", metadata: {}, items };
  if (output === "yaml") return serialize(value);
  return `${harmless(JSON.stringify(JSON.parse(stringifyJson(value)), null, 2))}\n`;
}

/** JSON in which no character speaks to a terminal; it means the same. */
export function harmless(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(""),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

function withoutBookkeeping(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = (object["metadata"] ?? {}) as JsonObject;
  return { ...object, metadata };
}
