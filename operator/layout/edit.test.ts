import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blobId } from "../manifest/blob-id.ts";
import { serialize } from "../manifest/serialize.ts";
import { toManifest } from "../manifest/to-manifest.ts";
import type { JsonObject, Manifest, Merge } from "../values.ts";
import { type EditInput, edit, type HomeNow } from "./edit.ts";

const path = "apps/app.yaml";
const objectOf = (a: string): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "app", namespace: "shop" },
  data: { a },
});
const manifestOf = (a: string): Manifest => toManifest(objectOf(a));
const own: HomeNow = { stands: true, path, alone: true, whole: true };
const styled: HomeNow = { stands: true, path, alone: true, whole: false };
const shared: HomeNow = { stands: true, path, alone: false, whole: false };
const fresh: HomeNow = { stands: false, path, add: false, like: undefined };

const bring: Merge = ({ content }) => ({
  content,
  delivers: true,
  conflicts: [],
  open: undefined,
  base: undefined,
  then: undefined,
});

const run = (
  home: HomeNow,
  manifest: Manifest | undefined,
  rest: Partial<EditInput> & { readonly file?: string } = {},
) =>
  edit({
    identity: manifestOf("1").identity,
    home,
    manifest,
    merge: undefined,
    namespace: "shop",
    text: () => rest.file,
    ...rest,
  });

const mine =
  "# mine\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: app, namespace: shop}\ndata:\n    a: '1' # why\n";
const other = "kind: ConfigMap\napiVersion: v1\nmetadata:\n    name: other\n";

describe("edit", () => {
  for (const [what, home] of [
    ["of its own that is new", fresh],
    ["as Clickscribe wrote it", own],
  ] as const) {
    it(`writes a whole file ${what}`, () => {
      const { text: content, blob } = manifestOf("2");
      const { texts: _, ...edited } = run(home, manifestOf("2")) as { readonly texts?: unknown };
      const source = [{ path, blob }];
      assert.deepEqual(edited, { verdict: "Edited", changes: [{ path, content }], source, isShared: false });
    });
  }

  it("edits a person's file, and names it by its blob", () => {
    const edited = run(styled, manifestOf("2"), { merge: bring, file: mine });
    const after = mine.replace("'1'", "'2'");
    assert.ok(edited.verdict === "Edited");
    assert.deepEqual(edited.changes, [{ path, content: after }]);
    assert.deepEqual(edited.source, [{ path, blob: blobId(after) }]);
    assert.equal(edited.isShared, false);
  });

  it("edits one document among others, and names it by what it says", () => {
    const file = `${other}---\n${mine}`;
    const edited = run(shared, manifestOf("2"), { merge: bring, file });
    assert.ok(edited.verdict === "Edited");
    assert.deepEqual(edited.changes, [{ path, content: file.replace("'1'", "'2'") }]);
    assert.deepEqual(edited.source, [{ path, blob: blobId(serialize(objectOf("2"))) }]);
    assert.equal(edited.isShared, true);
  });

  it("gives the record what a merge keeps back, with its texts", () => {
    const merge: Merge = (live) => ({ ...bring(live), base: objectOf("base"), then: objectOf("then") });
    const edited = run(styled, manifestOf("2"), { merge, file: mine });
    assert.ok(edited.verdict === "Edited");
    assert.equal(edited.base, blobId(serialize(objectOf("base"))));
    assert.deepEqual(edited.source, [{ path, blob: blobId(serialize(objectOf("then"))) }]);
    assert.deepEqual(
      [...(edited.texts ?? new Map<string, string>()).values()].toSorted(),
      [serialize(objectOf("base")), serialize(objectOf("then"))].toSorted(),
    );
  });

  it("changes nothing where the file says it already", () => {
    const edited = run(styled, manifestOf("1"), { merge: bring, file: mine });
    assert.ok(edited.verdict === "Edited");
    assert.deepEqual(edited.changes, []);
  });

  it("puts a new object behind the others of a file", () => {
    const edited = run({ stands: false, path, add: true, like: undefined }, manifestOf("1"), { file: other });
    assert.ok(edited.verdict === "Edited");
    const [change] = edited.changes;
    assert.ok(
      change?.content?.startsWith(`${other}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: app\n`),
      change?.content ?? "",
    );
    assert.equal(edited.isShared, true);
  });

  it("writes a new file in its neighbour's style", () => {
    const edited = run({ ...fresh, like: other }, manifestOf("1"));
    assert.ok(edited.verdict === "Edited");
    assert.match(edited.changes[0]?.content ?? "", /^metadata:\n {4}name: app\n/m);
  });

  it("removes a file of its own, and a document from among others", () => {
    const none = { verdict: "Edited", source: [] };
    assert.deepEqual(run(own, undefined), { ...none, changes: [{ path, content: null }] });
    assert.deepEqual(run(styled, undefined, { file: mine }), {
      ...none,
      changes: [{ path, content: null }],
      isShared: false,
    });
    assert.deepEqual(run(shared, undefined, { file: `${other}---\n${mine}` }), {
      ...none,
      changes: [{ path, content: other }],
      isShared: true,
    });
    assert.deepEqual(run(shared, undefined, { file: other }), { ...none, changes: [] });
  });

  it("refuses what cannot be edited, and says why", () => {
    const edited = run(styled, manifestOf("2"), { merge: bring, file: mine.replace("metadata: ", "metadata: &m ") });
    assert.deepEqual(edited, { verdict: "Refused", reason: "FileReadOnly", detail: `${path}: it uses an anchor` });
  });
});
