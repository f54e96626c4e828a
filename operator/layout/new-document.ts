/** PURE: a file of its own for an object, in the style of its neighbours. */
import { serialize } from "../manifest/serialize.ts";
import type { JsonObject } from "../values.ts";
import { blockMap, flowValue, styleOf } from "./text-style.ts";

/** `neighbour`: the text of a file in the same folder. */
export function newDocument(content: JsonObject, neighbour: string | undefined, isJson: boolean): string {
  if (isJson) return jsonDocument(content, neighbour);
  if (neighbour === undefined) return serialize(content);
  const style = styleOf(neighbour.replace(/^\ufeff/, ""));
  const text = `${style.startsDocuments ? "---\n" : ""}${blockMap(content, "", style, "Root")}\n`;
  return style.eol === "\n" ? text : text.replaceAll("\n", style.eol);
}

function jsonDocument(content: JsonObject, neighbour: string | undefined): string {
  const step = /^\s*\{\r?\n([ \t]+)"/.exec(neighbour ?? "")?.[1] ?? "  ";
  return `${flowValue(content, "", step, "Root")}\n`;
}
