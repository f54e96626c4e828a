/**
 * Golden folders: `before/` is what people wrote, `change.yaml` what happened in the cluster, `after/` what is to stand on
 * the branch then. `UPDATE=1` writes `after/` anew: read the difference before you commit it.
 *
 * change.yaml: a list of `{kind, name, set: {PATH: VALUE}, remove: [PATH], delete: true, create: OBJECT, refused: WORDS}`,
 * PATH as /spec/containers/name=app/image.
 */
import assert from "node:assert/strict";
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { edit, type HomeNow } from "../operator/layout/edit.ts";
import { neighbourhood, place } from "../operator/layout/place.ts";
import { indexSource } from "../operator/layout/source-index.ts";
import { survey } from "../operator/layout/survey.ts";
import { identityKey, identityOf, inNamespace } from "../operator/manifest/identity.ts";
import { parseManifests } from "../operator/manifest/parse-manifests.ts";
import { manifestOf } from "../operator/manifest/to-manifest.ts";
import type { Identity, JsonObject, Merge } from "../operator/values.ts";
import { treeOf } from "./fixtures/tree.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "testdata/golden-edits");
const namespace = "shop";

interface Change {
  readonly kind: string;
  readonly name: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  readonly delete?: boolean;
  readonly create?: JsonObject;
  /** What a person is told, in place of a change. */
  readonly refused?: string;
}

type Files = Map<string, string>;

function read(folder: string): Files {
  const paths = globSync("**/*", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    paths.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")] as const;
    }),
  );
}

function apply(files: Files, change: Change): string | undefined {
  const tree = treeOf(Object.fromEntries(files));
  const surveyed = survey(tree, "");
  if (surveyed.verdict === "Refused") return surveyed.detail;
  const parsed = surveyed.files.map((file) => ({ file, parsed: parseManifests(files.get(file.path) ?? "") }));
  const index = indexSource(parsed, namespace);
  const identity = identityIn(index.homes.keys(), change);
  const key = identityKey(identity);
  const twice = index.duplicates.get(key);
  if (twice !== undefined) return `it stands in more than one place: ${twice.join(", ")}`;
  const found = index.homes.get(key);
  const hidden = found === undefined ? index.hidden(identity) : undefined;
  if (hidden !== undefined) return `${hidden.path}: ${hidden.why}`;
  const skipped = surveyed.skipped[0];
  if (found === undefined && change.create === undefined) return skipped && `${skipped.path}: ${skipped.why}`;
  const text = (path: string): string | undefined => files.get(path);
  const bring: Merge = ({ content }) => ({
    content,
    delivers: true,
    conflicts: [],
    open: undefined,
    base: undefined,
    then: undefined,
  });
  const content = change.create ?? (change.delete ? undefined : changed(found?.content ?? {}, change));
  const object = content && inNamespace(content, namespace);
  const manifest = content && object && { ...manifestOf(object, content), identity };
  const edited = edit({ identity, home: homeOf(), manifest, merge: found && bring, namespace, text });
  if (edited.verdict === "Refused") return edited.detail;
  for (const { path, content: after } of edited.changes) {
    if (after === null) files.delete(path);
    else files.set(path, after);
  }
  return undefined;

  function homeOf(): HomeNow {
    if (found !== undefined) return { stands: true, path: found.file.path, alone: found.alone, whole: false };
    const placed = place(
      { mode: "Neighbours" },
      "",
      { identity, content: content ?? {} },
      neighbourhood(index, tree, ""),
    );
    return { stands: false, path: placed.path, add: placed.add, like: placed.like && files.get(placed.like) };
  }
}

function identityIn(keys: Iterable<string>, { kind, name, create }: Change): Identity {
  if (create !== undefined) return { ...identityOf(create), namespace };
  const key = [...keys].find((each) => each.split("\n")[1] === kind && each.endsWith(`\n${name}`));
  const [group = "", , at = namespace] = key?.split("\n") ?? [];
  return { group, kind, namespace: at, name };
}

// oxlint-disable-next-line typescript/no-explicit-any -- manifests of every form
type Any = any;

function changed(content: JsonObject, { set = {}, remove = [] }: Change): JsonObject {
  const object = structuredClone(content) as Any;
  for (const [path, value] of Object.entries(set)) {
    const { holder, key } = walk(object, path);
    if (Array.isArray(holder) && key === "-") holder.push(value);
    else holder[key] = value;
  }
  for (const path of remove) {
    const { holder, key } = walk(object, path);
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  }
  return object as JsonObject;
}

function walk(object: Any, path: string): { readonly holder: Any; readonly key: string } {
  const steps = path
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/"));
  let holder = object;
  for (const [i, step] of steps.entries()) {
    const [name = "", value] = step.split("=");
    const key = value === undefined ? step : String(holder.findIndex((item: Any) => String(item[name]) === value));
    if (i === steps.length - 1) return { holder, key };
    holder = holder[key] ??= {};
  }
  return { holder, key: "" };
}

describe("edits in files that people wrote", () => {
  const cases = readdirSync(root);
  it("are many", () => assert.ok(cases.length >= 60, String(cases.length)));
  for (const name of cases) {
    it(name.replaceAll("-", " "), () => {
      const folder = join(root, name);
      const files = read(join(folder, "before"));
      for (const change of parse(readFileSync(join(folder, "change.yaml"), "utf8")) as readonly Change[]) {
        const why = apply(files, change);
        if (change.refused === undefined) assert.equal(why, undefined);
        else assert.match(why ?? "it was done", new RegExp(change.refused));
      }
      const after = join(folder, "after");
      if (process.env["UPDATE"] === "1") {
        rmSync(after, { recursive: true, force: true });
        for (const [path, text] of files) {
          mkdirSync(dirname(join(after, path)), { recursive: true });
          writeFileSync(join(after, path), text);
        }
      }
      assert.deepEqual(Object.fromEntries(read(after)), Object.fromEntries(files));
    });
  }
});
