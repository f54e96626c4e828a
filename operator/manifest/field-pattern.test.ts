import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { Json, JsonObject } from "../values.ts";
import { covers, type FieldPattern, parseFieldPattern, patternsFor, withoutFields } from "./field-pattern.ts";
import { isObject } from "./identity.ts";
import { parseJson } from "./parse-json.ts";
import type { FieldRule } from "./policy.ts";

function pattern(text: string): FieldPattern {
  const parsed = parseFieldPattern(text);
  assert.ok(parsed.ok, text);
  return parsed.pattern;
}

const without = (content: JsonObject, ...texts: readonly string[]): JsonObject =>
  withoutFields(content, texts.map(pattern));

describe("a field's pattern", () => {
  for (const text of ["", "spec", "spec/x", "/a~b", "/a~2", "/*", "/*/x", "/kind", "/apiVersion/x", "/metadata"])
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseFieldPattern(text).ok, false));
  for (const text of ["/metadata/name", "/metadata/namespace/x", "/metadata/*", `/${"a/".repeat(64)}`])
    it(`is not ${text.slice(0, 30)}`, () => assert.equal(parseFieldPattern(text).ok, false));
  it("is a JSON Pointer", () => {
    assert.deepEqual(pattern("/metadata/annotations/a~1b~0c").steps, ["metadata", "annotations", "a/b~c"]);
    assert.deepEqual(pattern("/metadata/namesake").steps, ["metadata", "namesake"]);
  });
  it("is for kinds, with their group or without", () => {
    const rule = (kind: string): FieldRule => ({ kinds: [kind], paths: [pattern(`/x${kind}`)] });
    const rules = [rule("Deployment"), rule("Deployment.apps"), rule("Deployment.example.com"), rule("*"), rule("Job")];
    const found = patternsFor(rules, { group: "apps", kind: "Deployment", namespace: "a", name: "b" });
    assert.deepEqual(
      found.map(({ text }) => text),
      ["/xDeployment", "/xDeployment.apps", "/x*"],
    );
  });
  it("names an item by its index where a path is looked at", () => {
    const path = ["spec", "containers", "1", "image"];
    const object: JsonObject = { spec: { containers: [{ name: "a" }, { name: "b", image: "x" }] } };
    assert.equal(covers(pattern("/spec/containers/1"), path, object), true);
    assert.equal(covers(pattern("/spec/containers/name=b/image"), path, object), true);
    assert.equal(covers(pattern("/spec/containers/0"), path, object), false);
    assert.equal(covers(pattern("/spec/containers/name=a/image"), path, object), false);
    assert.equal(covers(pattern("/spec/containers/*/image/x"), path, object), false);
  });
});

describe("withoutFields", () => {
  const object: JsonObject = {
    spec: {
      replicas: 3,
      containers: [
        { name: "app", image: "a", env: [{ name: "A", value: "1" }] },
        { name: "istio-proxy", image: "p" },
        { name: "istio-init", image: "i" },
      ],
      ports: [{ port: 80 }, { port: 443 }],
      "*": 1,
    },
    metadata: { annotations: { "a/b": "1" }, labels: { x: "1", y: "2" } },
  };
  const cases: readonly (readonly [what: string, path: string, at: (it: Json) => unknown, expected: unknown])[] = [
    ["a field", "/spec/replicas", (it) => "replicas" in (it as never)["spec"], false],
    ["no index", "/spec/ports/0", (it) => it, object],
    ["an item by its key", "/spec/containers/name=app", (it) => names(it), ["istio-proxy", "istio-init"]],
    ["items by a glob", "/spec/containers/name=istio-*", (it) => names(it), ["app"]],
    ["an item by a number", "/spec/ports/port=443", (it) => (it as never)["spec"]["ports"], [{ port: 80 }]],
    ["a field of each item", "/spec/containers/*/image", (it) => JSON.stringify(it).includes("image"), false],
    ["each value", "/metadata/labels/*", (it) => Object.keys((it as never)["metadata"]), ["annotations"]],
    ["a name with /", "/metadata/annotations/a~1b", (it) => Object.keys((it as never)["metadata"]), ["labels"]],
    [
      "a key that is called *",
      "/spec/*",
      (it) => Object.keys((it as never)["spec"]),
      ["replicas", "containers", "ports"],
    ],
  ];
  for (const [what, path, at, expected] of cases)
    it(`takes out ${what}`, () => assert.deepEqual(at(without(object, path)), expected));

  it("takes what is left empty with it, and nothing that was empty before", () => {
    assert.deepEqual(without({ a: { b: { c: 1 } }, d: {} }, "/a/b/c"), { d: {} });
    assert.deepEqual(without({ a: [[{ b: 1 }], []] }, "/a/*/*/b"), { a: [[]] });
  });
  it("shares what stays", () => {
    assert.equal(without(object, "/spec/nothing", "/spec/containers/name=nobody/image"), object);
  });
  it("reads numbers as they are spelled", () => {
    const content = parseJson('{"a":[{"id":9007199254740993},{"id":1}]}') as JsonObject;
    assert.deepEqual(without(content, "/a/id=9007199254740993"), { a: [{ id: 1 }] });
  });
  it("is quick with hostile patterns", () => {
    const text = "a".repeat(200_000);
    const steps = pattern(`/spec/items/name=${"*a".repeat(200)}b*`);
    assert.equal(withoutFields({ spec: { items: [{ name: text }] } }, [steps])["spec"] === undefined, false);
  });
});

function names(value: Json): readonly string[] {
  return (
    (value as JsonObject)["spec"] as { readonly containers: readonly { readonly name: string }[] }
  ).containers.map(({ name }) => name);
}

/** Every path to a value that is no map or list. */
function* leaves(value: Json, path: readonly string[] = []): IterableIterator<readonly string[]> {
  const inner = Array.isArray(value)
    ? [...(value as readonly Json[]).entries()]
    : isObject(value)
      ? Object.entries(value)
      : [];
  if (inner.length === 0) yield path;
  for (const [key, child] of inner) yield* leaves(child, [...path, String(key)]);
}

describe("patterns over any object", () => {
  const step = fc.oneof(fc.constantFrom("*", "0", "a", "name=*", "a=1"), fc.string({ maxLength: 3 }));
  const patterns = fc
    .array(step, { minLength: 1, maxLength: 4 })
    .map((steps): FieldPattern => ({ text: "", steps: ["x", ...steps] }));
  it("withoutFields is idempotent, and takes out what covers says", () => {
    fc.assert(
      fc.property(jsonObject, fc.array(patterns, { maxLength: 3 }), (inner, chosen) => {
        const content: JsonObject = { apiVersion: "v1", x: inner };
        const once = withoutFields(content, chosen);
        assert.equal(withoutFields(once, chosen), once);
        const [only] = chosen;
        if (chosen.length !== 1 || only === undefined || only.steps.includes("0")) return;
        const kept = [...leaves(content)].filter((path) => !covers(only, path, content)).length;
        if (kept === [...leaves(content)].length) assert.equal(once, content);
        else assert.notDeepEqual(once, content);
      }),
    );
  });
});
