/**
 * Writes what is generated from `crds/` and from the closed lists of reasons, metrics and log lines. With `--check` nothing is written, and
 * every file that would change is named (exit code 1).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPage } from "./generate/api-page.ts";
import { generateSchemas } from "./generate/api-schemas.ts";
import { generateTypes } from "./generate/api-types.ts";
import { crdFiles, readCrd } from "./generate/crd.ts";
import { errorsPage } from "./generate/errors-page.ts";
import { metricsPage } from "./generate/metrics-page.ts";

const { root, check } = readArguments(process.argv.slice(2));
const crds = crdFiles.map((file) => readCrd(root, file));
const generated = new Map<string, string>();
for (const crd of crds) generated.set(`operator/api/generated/${kebab(crd.kind)}.ts`, await generateTypes(crd));
generated.set("operator/api/generated/schemas.ts", generateSchemas(crds));
generated.set("docs/api.md", apiPage(crds));
generated.set("docs/errors.md", errorsPage());
for (const file of crdFiles) {
  const text = readFileSync(join(root, "crds", file), "utf8");
  generated.set(`charts/clickscribe/files/crds/${file}`, text);
}
generated.set("docs/metrics.md", metricsPage());

let drifted = 0;
for (const [file, text] of generated) {
  const path = join(root, file);
  if (readIfThere(path) === text) continue;
  drifted++;
  if (check) {
    process.stderr.write(`${file} is not what its source says: run npm run generate and commit it\n`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`wrote ${file}\n`);
  }
}
if (check && drifted > 0) process.exitCode = 1;

/** `--root FOLDER`: another checkout than the one this script stands in. */
function readArguments(argv: readonly string[]): { readonly root: string; readonly check: boolean } {
  const at = argv.indexOf("--root");
  const own = join(dirname(fileURLToPath(import.meta.url)), "..");
  return { root: at === -1 ? own : (argv[at + 1] ?? own), check: argv.includes("--check") };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function kebab(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
