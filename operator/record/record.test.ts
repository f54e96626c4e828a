/** The record as it is written and read back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { treeOf } from "../../test/fixtures/tree.ts";
import { blobId } from "../manifest/blob-id.ts";
import { identityKey } from "../manifest/identity.ts";
import type { BlobId, FileChange, Identity, Recorded, TreeEntry } from "../values.ts";
import { listRecorded, readRecorded } from "./read-record.ts";
import { recordFolder } from "./record-path.ts";
import { recordChanges } from "./write-record.ts";

const identity: Identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "app" };
const texts = new Map<BlobId, string>(["1", "2", "3"].map((text) => [blobId(text), text]));
const text = (blob: BlobId): string | undefined => texts.get(blob);
const none = (): undefined => undefined;
const [one, two] = [blobId("1"), blobId("2")];
const inStep = (blob: BlobId, path = "apps/shop/app.yaml"): Recorded => ({
  live: blob,
  base: blob,
  source: [{ path, blob }],
});

/** What a commit of these changes makes of a tree. */
function apply(entries: Map<string, TreeEntry>, changes: readonly FileChange[]): void {
  for (const { path, content } of changes) {
    if (content === null) {
      assert.ok(entries.delete(path), `${path} was not there`);
      continue;
    }
    entries.set(path, { mode: "100644", oid: typeof content === "string" ? blobId(content) : content.blob });
  }
}

describe("recordChanges", () => {
  it("writes live, base and one entry for each source file", () => {
    assert.deepEqual(recordChanges(identity, undefined, inStep(one), text), [
      { path: "live/shop/ConfigMap.core/7d/app.yaml", content: "1" },
      { path: "base/shop/ConfigMap.core/7d/app.yaml", content: "1" },
      { path: "source/shop/ConfigMap.core/7d/app/apps%2Fshop%2Fapp.yaml", content: "1" },
    ]);
  });

  it("writes only what moves", () => {
    assert.deepEqual(recordChanges(identity, inStep(one), inStep(one), text), []);
    assert.deepEqual(recordChanges(identity, undefined, undefined, text), []);
    assert.deepEqual(recordChanges(identity, inStep(one), { ...inStep(one), live: two }, text), [
      { path: "live/shop/ConfigMap.core/7d/app.yaml", content: "2" },
    ]);
  });

  it("names blobs that the repository has, and sends no text for them", () => {
    const adopted = { live: one, base: one, source: [{ path: "a.yaml", blob: two }] };
    assert.deepEqual(recordChanges(identity, { live: one, base: undefined, source: [] }, adopted, none), [
      { path: "base/shop/ConfigMap.core/7d/app.yaml", content: { blob: one } },
      { path: "source/shop/ConfigMap.core/7d/app/a.yaml", content: { blob: two } },
    ]);
  });

  it("takes a file that moved out at its old path", () => {
    const paths = recordChanges(identity, inStep(one, "a.yaml"), inStep(one, "b.yaml"), none).map(
      ({ path, content }) => [path.split("/").at(-1), content === null],
    );
    assert.deepEqual(paths, [
      ["a.yaml", true],
      ["b.yaml", false],
    ]);
  });

  it("makes the tree say what it was told, whatever it said before", () => {
    const blob = fc.constantFrom(...texts.keys());
    const optional = fc.option(blob, { nil: undefined });
    const path = fc.constantFrom("a.yaml", "x/a.yaml", ".x/ä b.yaml", "%2e", "..", "a:b");
    const source = fc.uniqueArray(fc.record({ path, blob }), { selector: (file) => file.path, maxLength: 3 });
    const recorded = fc.option(fc.record({ live: optional, base: optional, source }), { nil: undefined });
    const name = fc.constantFrom("app", ".git", "system:a", "_cluster", "a.yaml");
    fc.assert(
      fc.property(fc.array(fc.tuple(name, recorded), { maxLength: 20 }), (moves) => {
        const entries = new Map<string, TreeEntry>();
        const told = new Map<string, Recorded | undefined>();
        for (const [called, after] of moves) {
          const one = { ...identity, name: called };
          apply(entries, recordChanges(one, told.get(called), after, text));
          told.set(called, after);
        }
        const tree = treeOf(Object.fromEntries(entries));
        const sorted = (value: Recorded | undefined): object | undefined =>
          value && { ...value, source: value.source.map(({ path, blob }) => `${path} ${blob}`).toSorted() };
        const isEmpty = (value: Recorded): boolean =>
          value.live === undefined && value.base === undefined && value.source.length === 0;
        for (const [called, after] of told) {
          const expected = after === undefined || isEmpty(after) ? undefined : after;
          assert.deepEqual(sorted(readRecorded(tree, { ...identity, name: called })), sorted(expected));
        }
        const listed = [...listRecorded(tree)].map(([found]) => found.name).toSorted();
        const held = [...told].filter(([, after]) => after?.live !== undefined || after?.base !== undefined);
        assert.deepEqual(listed, held.map(([called]) => called).toSorted());
      }),
    );
  });
});

describe("listRecorded", () => {
  it("names each object once, and objects that are only in base", () => {
    const tree = treeOf({
      [`${recordFolder("live", identity)}.yaml`]: "1",
      [`${recordFolder("base", identity)}.yaml`]: "1",
      [`${recordFolder("base", { ...identity, name: "gone" })}.yaml`]: "2",
      "meta/record.json": "{}",
    });
    assert.deepEqual(
      [...listRecorded(tree)].map(([found, { live, base }]) => [found.name, live, base]),
      [
        ["app", one, one],
        ["gone", undefined, two],
      ],
    );
  });

  it("does not see what is not of this room's making, and throws on nothing", () => {
    const folder = recordFolder("live", identity);
    const source = recordFolder("source", identity);
    const link = { mode: "120000", oid: one };
    const tree = treeOf({
      [`${folder}.yaml`]: "1",
      [`${source}/%zz`]: "1",
      [`${source}/link.yaml`]: link,
      "live/shop/ConfigMap.core/7d/%zz.yaml": "1",
      "live/shop/ConfigMap.core/00/elsewhere.yaml": "1",
      "live/shop/ConfigMap.core/7d/%61pp.yaml": "1",
      "live/shop/ConfigMap/7d/app.yaml": "1",
      "live/shop/ConfigMap.core/app.yaml": "1",
      "live/shop/ConfigMap.core/7d/readme.md": "1",
      "live/x.yaml": "1",
      [`${recordFolder("live", { ...identity, name: "link" })}.yaml`]: link,
      [`${recordFolder("live", { ...identity, name: "module" })}.yaml`]: { mode: "160000", oid: one },
    });
    assert.deepEqual([...listRecorded(tree)], [[identity, { live: one, base: undefined, source: [] }]]);
  });
});

it("10,000 objects are written and read in a moment", () => {
  const entries = new Map<string, TreeEntry>();
  const began = performance.now();
  for (let i = 0; i < 10_000; i++) {
    apply(entries, recordChanges({ ...identity, name: `app-${i}` }, undefined, inStep(one, `a/${i}.yaml`), none));
  }
  const wrote = performance.now() - began;
  const tree = treeOf(Object.fromEntries(entries));
  const reading = performance.now();
  const keys = new Set([...listRecorded(tree)].map(([found]) => identityKey(found)));
  const read = performance.now() - reading;
  assert.equal(keys.size, 10_000);
  assert.ok(wrote < 2_000 && read < 2_000, `wrote in ${wrote} ms, read in ${read} ms`);
});
