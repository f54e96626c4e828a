/** The fully populated objects of `k8s.io/api`, of the version that the control plane is built from, pass through `clean`. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { clean } from "../../operator/manifest/clean.ts";
import type { JsonObject } from "../../operator/values.ts";
import { goModuleFolder } from "../control-plane/go-module.ts";
import { cases, notKept, ofEveryKind, ofKind } from "../fixtures/removals.ts";

interface Populated {
  readonly file: string;
  /** `Kind.group` */
  readonly kind: string;
  readonly object: JsonObject;
}

let all: readonly Populated[] = [];

before(async () => {
  const folder = join(await goModuleFolder("k8s.io/api"), "testdata", "HEAD");
  all = readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => {
      const [, group, kind] = /^(.+)\.v\d\w*\.(\w+)\.json$/.exec(file) ?? [];
      const object = JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonObject;
      return { file, kind: `${kind}.${group === "core" ? "" : group}`, object };
    });
});

/** The pointers of what is in `a` and not, or otherwise, in `b`: of a whole value where it is gone. */
function difference(a: unknown, b: unknown, path = ""): readonly string[] {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    return Object.is(a, b) ? [] : [path];
  }
  return Object.entries(a).flatMap(([key, value]) => {
    const child = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return Object.hasOwn(b, key) ? difference(value, (b as Record<string, unknown>)[key], child) : [child];
  });
}

function has(object: JsonObject, path: string): boolean {
  let at: unknown = object;
  for (const key of path.split("/").slice(1)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}

function put(object: JsonObject, path: string, value: unknown): void {
  const keys = path.split("/").slice(1);
  const last = keys.pop() ?? "";
  let at = object as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
}

describe("the fully populated object of every built-in kind", () => {
  it("is of a kind that somebody has looked at", () => {
    assert.ok(all.length > 150, `only ${all.length} objects`);
    const kinds = new Set(all.map(({ kind }) => kind));
    const known = new Set([...Object.keys(ofKind), ...notKept]);
    assert.deepEqual(
      [...kinds].filter((kind) => !known.has(kind)),
      [],
      "not in test/fixtures/removals.ts",
    );
    assert.deepEqual(
      [...known].filter((kind) => !kinds.has(kind)),
      [],
      "no such kind is shipped",
    );
  });

  it("loses what is the server's, and nothing else", () => {
    const found: Record<string, readonly string[]> = {};
    const expected: Record<string, readonly string[]> = {};
    for (const { file, kind, object } of all) {
      if (notKept.has(kind)) continue;
      const cleaned = clean(object);
      found[file] = difference(object, cleaned).toSorted();
      const own = (ofKind[kind] ?? []).map(({ path }) => path);
      const common = ofEveryKind.map(({ path }) => path).filter((path) => has(object, path));
      expected[file] = [...common, ...own].toSorted();
      assert.deepEqual(difference(cleaned, object), [], `${file}: nothing comes in`);
      assert.deepEqual(clean(cleaned), cleaned, `${file}: cleaned again`);
    }
    assert.deepEqual(found, expected);
  });

  for (const { name, file, set, removed } of cases) {
    it(`but: ${name}`, () => {
      const object = structuredClone(all.find((each) => each.file === `${file}.json`)?.object) as JsonObject;
      for (const [path, value] of Object.entries(set)) put(object, path, value);
      const common = ofEveryKind.map(({ path }) => path).filter((path) => has(object, path));
      const cleaned = clean(object);
      assert.deepEqual(
        difference(object, cleaned).toSorted(),
        [...common, ...removed.map(({ path }) => path)].toSorted(),
      );
      assert.deepEqual(clean(cleaned), cleaned, "cleaned again");
    });
  }

  it("has a source for each removal", () => {
    const removals = [...ofEveryKind, ...Object.values(ofKind).flat(), ...cases.flatMap(({ removed }) => removed)];
    for (const { path, source } of removals) assert.ok(source !== "", path);
  });
});
