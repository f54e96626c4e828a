/** `node test/real/parts/main.ts [PART...]`: builds the named parts, or all, and prints where each is. */
import { partNames, resolvePart } from "./parts.ts";

const wanted = process.argv.slice(2);
const unknown = wanted.find((word) => !partNames.some((name) => name === word));
if (unknown !== undefined) {
  process.stderr.write(`no part ${unknown}; there are: ${partNames.join(", ")}\n`);
  process.exit(2);
}
for (const name of partNames.filter((part) => wanted.length === 0 || wanted.includes(part))) {
  process.stdout.write(`${name} ${await resolvePart(name)}\n`);
}
