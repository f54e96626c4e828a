/**
 * `node test/bench/encode-memory.ts hold|encode COUNT` or `read|parse FILE`: does it, and prints the most memory it held,
 * in MB.
 */
import { readFileSync } from "node:fs";
import { clean } from "../../operator/manifest/clean.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { JsonObject } from "../../operator/values.ts";
import { objectTexts } from "./encode-objects.ts";
import { peakMemory } from "./world.ts";

const objects = (count: string): readonly JsonObject[] =>
  objectTexts(Number(count)).map((text) => parseJson(text) as JsonObject);

const works: Readonly<Record<string, (arg: string) => unknown>> = {
  hold: objects,
  encode: (count) => {
    const held = objects(count);
    let length = 0;
    for (const object of held) length += serialize(clean(object)).length;
    return [held, length];
  },
  read: (file) => JSON.parse(readFileSync(file, "utf8")),
  parse: (file) => parseJson(readFileSync(file, "utf8")),
};

const [name = "", arg = ""] = process.argv.slice(2);
const held = works[name]?.(arg);
if (held === undefined) throw new Error(`there is no work ${name}`);
process.stdout.write(`${peakMemory(process.pid)}\n`);
