import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blobId } from "../manifest/blob-id.ts";
import { identityKey } from "../manifest/identity.ts";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { SourceIndex } from "./source-index.ts";
import { indexSource } from "./source-index.ts";

const configMap = (name: string, metadata = ""): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${metadata}data: {a: "1"}\n`;
const key = (name: string, namespace = "shop"): string =>
  identityKey({ group: "", kind: "ConfigMap", namespace, name });

function index(files: Readonly<Record<string, string>>): SourceIndex {
  const read = Object.entries(files).map(([path, text]) => ({
    file: { path, blob: blobId(text) },
    parsed: parseManifests(text),
  }));
  return indexSource(read, "shop");
}

describe("indexSource", () => {
  it("finds an object by what the file says, not by what it is called", () => {
    const { homes } = index({ "x/whatever.yaml": configMap("app") });
    const home = homes.get(key("app"));
    assert.equal(home?.file.path, "x/whatever.yaml");
    assert.equal(home?.alone, true);
  });

  it("takes the capture's namespace where the file names none, and leaves the content as it is", () => {
    const { homes } = index({ "a.yaml": configMap("app"), "b.yaml": configMap("app", "  namespace: other\n") });
    assert.deepEqual(homes.get(key("app"))?.content["metadata"], { name: "app" });
    assert.deepEqual(homes.get(key("app", "other"))?.content["metadata"], { name: "app", namespace: "other" });
    assert.equal(homes.size, 2);
  });

  it("tells documents that share a file", () => {
    const { homes } = index({ "a.yaml": `${configMap("one")}---\n${configMap("two")}` });
    assert.deepEqual(
      [...homes.values()].map(({ alone }) => alone),
      [false, false],
    );
  });

  it("tells an object in two files, once with every path, the namespace said or not", () => {
    const { homes, duplicates } = index({
      "a.yaml": configMap("app"),
      "b.yaml": configMap("app", "  namespace: shop\n"),
      "c.yaml": configMap("app"),
      "d.yaml": configMap("web"),
    });
    assert.equal(homes.size, 2);
    assert.deepEqual([...duplicates], [[key("app"), ["a.yaml", "b.yaml", "c.yaml"]]]);
  });

  it("tells what cannot be read, and indexes the rest", () => {
    const { homes, unreadable } = index({ "a.yaml": "a: {{ .Values.a }}\n", "b.yaml": configMap("app") });
    assert.deepEqual(
      unreadable.map(({ path }) => path),
      ["a.yaml"],
    );
    assert.ok(homes.has(key("app")));
  });

  it("tells the unreadable file that seems to hold an object", () => {
    const text =
      "kind: Deployment\nmetadata: &m\n  name: web\n---\nkind: List\nitems:\n- kind: 'Secret'\n  name: \"key\"\n";
    const found = index({ "a.yaml": text });
    const seems = (kind: string, name: string): string | undefined =>
      found.hidden({ group: "", kind, namespace: "shop", name })?.path;
    assert.deepEqual([seems("Deployment", "web"), seems("Secret", "key")], ["a.yaml", "a.yaml"]);
    assert.deepEqual([seems("Deployment", "other"), seems("Job", "web")], [undefined, undefined]);
  });

  it("tells it in flow style too, and of any name", () => {
    const flow = "{kind: ConfigMap, metadata: {name: app}, data: {a: &a x, b: *a}}\n";
    const role = "kind: Role\nmetadata: {'name': 'team:edit'}\nrules: [&r {}, *r]\n";
    const found = index({ "a.yaml": flow, "b.yaml": role });
    const seems = (kind: string, name: string): string | undefined =>
      found.hidden({ group: "", kind, namespace: "shop", name })?.path;
    assert.deepEqual([seems("ConfigMap", "app"), seems("Role", "team:edit")], ["a.yaml", "b.yaml"]);
  });

  it("looks for that in time that grows with the text", () => {
    const began = performance.now();
    index({ "a.yaml": `a: &a x\n${"\n".repeat(400_000)}${" name".repeat(50_000)}` });
    assert.ok(performance.now() - began < 5_000);
  });

  it("indexes 10,000 files in no time", () => {
    const parsed = parseManifests(configMap("app"));
    assert.ok(parsed.readable);
    const [document] = parsed.documents;
    assert.ok(document);
    const files = Array.from({ length: 10_000 }, (_, i) => ({
      file: { path: `${i}.yaml`, blob: blobId("") },
      parsed: {
        readable: true as const,
        others: 0,
        documents: [{ ...document, identity: { ...document.identity, name: `${i}` } }],
      },
    }));
    const began = performance.now();
    assert.equal(indexSource(files, "shop").homes.size, 10_000);
    assert.ok(performance.now() - began < 1_000);
  });
});
