import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { crdFiles, readCrd, type Schema } from "./generate/crd.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const generated = [
  "operator/api/generated/capture.ts",
  "operator/api/generated/git-remote.ts",
  "operator/api/generated/schemas.ts",
  "docs/api.md",
  "charts/clickscribe/files/crds/clickscribe.dev_captures.yaml",
  "charts/clickscribe/files/crds/clickscribe.dev_gitremotes.yaml",
];

function generate(...args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [join(root, "scripts", "generate.ts"), ...args], { encoding: "utf8" });
}

describe("what is generated", () => {
  let copy = "";
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "clickscribe-generate-"));
    for (const part of ["charts", "crds", "docs", "operator/api"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it("is what its sources say", () => {
    const { status, stderr } = generate("--check");
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });

  for (const file of [...generated, "docs/errors.md", "docs/metrics.md"]) {
    it(`is noticed when ${file} was edited, and is written again`, () => {
      const before = readFileSync(join(copy, file), "utf8");
      appendFileSync(join(copy, file), "\n");
      const { status, stderr } = generate("--check", "--root", copy);
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^${file} is not what its source says: run npm run generate`));
      assert.equal(generate("--root", copy).status, 0);
      assert.equal(readFileSync(join(copy, file), "utf8"), before);
    });
  }

  it("is noticed when a CRD was edited", () => {
    appendFileSync(join(copy, "crds", "clickscribe.dev_captures.yaml"), "              more: {type: string}\n");
    const { status, stderr } = generate("--check", "--root", copy);
    assert.equal(status, 1);
    assert.match(stderr, /capture\.ts[^]*docs\/api\.md/);
  });
});

describe("the CRDs", () => {
  for (const file of crdFiles) {
    const { kind, schema } = readCrd(root, file);
    it(`${kind}: every field says what it is`, () => {
      assert.deepEqual(
        [...nodes(schema, kind)].filter(
          ([path, { description = "" }]) => !path.endsWith("metadata") && description === "",
        ),
        [],
      );
    });
    it(`${kind}: a default stands in the words and in the schema alike`, () => {
      for (const [path, { type, description = "", default: value }] of nodes(schema.properties?.["spec"], "spec")) {
        if (type === "object" || value === undefined) continue;
        assert.match(description, /\nDefault: /, path);
      }
    });
    it(`${kind}: no value is a boolean to YAML 1.1`, () => {
      for (const [path, node] of nodes(schema.properties?.["spec"], "spec")) {
        for (const value of node.enum ?? [])
          assert.doesNotMatch(String(value), /^(y|n|yes|no|on|off|true|false)$/i, path);
      }
    });
  }
});

function* nodes(schema: Schema | undefined, path: string): Generator<readonly [string, Schema]> {
  if (schema === undefined) return;
  yield [path, schema];
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* nodes(child, `${path}.${name}`);
  yield* nodes(schema.items, `${path}[]`);
}
