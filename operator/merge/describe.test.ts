import assert from "node:assert/strict";
import { it, describe as suite } from "node:test";
import fc from "fast-check";
import { hostileText, jsonObject, object } from "../../test/fixtures/json.ts";
import { parseJson } from "../manifest/parse-json.ts";
import type { Json, JsonObject } from "../values.ts";
import { equalJson } from "./contains.ts";
import { describe } from "./describe.ts";
import { diffFields } from "./diff-fields.ts";

const identity = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const words = (before: object | undefined, after: object | undefined): string =>
  describe({
    identity,
    before: before && (parseJson(JSON.stringify(before)) as JsonObject),
    after: after && (parseJson(JSON.stringify(after)) as JsonObject),
  });

const container = (fields: object): object => ({
  spec: { template: { spec: { containers: [{ name: "app", ...fields }, { name: "proxy" }] } } },
});
const restarted = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" };

suite("describe", () => {
  const table: readonly (readonly [before: object | undefined, after: object | undefined, expected: string])[] = [
    [undefined, {}, "create"],
    [{}, undefined, "delete"],
    [{ a: 1 }, { a: 1 }, "no field changed"],
    [{ spec: { replicas: 3 } }, { spec: { replicas: 5 } }, "scale 3 -> 5"],
    [{ spec: {} }, { spec: { replicas: 5 } }, "scale unset -> 5"],
    [
      container({ image: "r.example.com:5000/a/web:1.0" }),
      container({ image: "r.example.com:5000/a/web:1.1" }),
      "image app 1.0 -> 1.1",
    ],
    [container({ image: "web@sha256:aa" }), container({ image: "web@sha256:bb" }), "image app sha256:aa -> sha256:bb"],
    [container({ image: "web:1" }), container({ image: "web2:1" }), "image app web:1 -> web2:1"],
    [container({ image: "web" }), container({ image: "web:2" }), "image app web -> web:2"],
    [
      container({ resources: { limits: { memory: "128Mi" } } }),
      container({ resources: { limits: { memory: "256Mi" } } }),
      "app resources.limits.memory: 128Mi -> 256Mi",
    ],
    [
      container({ env: [{ name: "LEVEL", value: "info" }] }),
      container({ env: [{ name: "LEVEL", value: "debug" }] }),
      "app env LEVEL: info -> debug",
    ],
    [
      container({ env: [{ name: "LEVEL", value: "x" }] }),
      container({ env: [{ name: "LEVEL", value: "x" }, { name: "B" }] }),
      "add app env B",
    ],
    [container({ args: ["a"] }), container({ args: ["b"] }), "app args changed"],
    [
      { spec: { template: { metadata: {} } } },
      { spec: { template: { metadata: { annotations: restarted } } } },
      "restart",
    ],
    [
      {
        spec: {
          template: { metadata: { annotations: { ...restarted, "kubectl.kubernetes.io/restartedAt": "x", a: "b" } } },
        },
      },
      { spec: { template: { metadata: { annotations: { ...restarted, a: "b" } } } } },
      "restart",
    ],
    [{ metadata: { labels: { a: "b" } } }, { metadata: { labels: { a: "b", team: "shop" } } }, "label team=shop"],
    [{ metadata: {} }, { metadata: { labels: { team: "shop" } } }, "label team=shop"],
    [{ metadata: {} }, { metadata: { labels: { team: "shop", tier: "1" } } }, "labels changed"],
    [{ metadata: { labels: { team: "shop" } } }, { metadata: {} }, "remove label team"],
    [
      { metadata: { annotations: { "a.b/c": "1" } } },
      { metadata: { annotations: { "a.b/c": "2" } } },
      "annotation a.b/c: 1 -> 2",
    ],
    [{ data: { a: "1" } }, { data: { a: "2" } }, "key a: 1 -> 2"],
    [{ data: { "app.ini": "1" } }, { data: { "app.ini": "x".repeat(100) } }, "key app.ini changed"],
    [{ data: { a: "1" } }, { data: { a: "1", b: "2" } }, "add key b"],
    [{ data: { a: "1", b: "2" } }, { data: { a: "1" } }, "remove key b"],
    [
      { spec: { a: true, b: 1, c: 1 } },
      { spec: { a: false, b: 2, c: 2 } },
      "spec.a: true -> false, spec.b: 1 -> 2 and 1 more",
    ],
    [{ spec: { paused: true } }, { spec: {} }, "remove spec.paused"],
    [{ spec: {} }, { spec: { strategy: { type: "Recreate" } } }, "add spec.strategy"],
    [{ spec: { schedule: "0 3 * * *" } }, { spec: { schedule: "0 4 * * *" } }, "spec.schedule: 0 3 * * * -> 0 4 * * *"],
  ];
  for (const [before, after, expected] of table) it(expected, () => assert.equal(words(before, after), expected));

  it("never shows a value that is called a secret, or looks like one", () => {
    const names =
      "password DB_PASSWORD dbPasswd passphrase PWD token API_TOKEN clientSecret credentials private-key apiKey api_key key my-key authorization cookie DSN connectionString aws_secret_access_key".split(
        " ",
      );
    const values = [
      "postgres://user:hunter2@db/shop",
      "--password=hunter2",
      '{"token":"hunter2"}',
      "eyJhbGciOiJIUzI1NiJ9.hunter2",
      "AKIAIOSFODNN7HUNTER2",
      "Bearer hunter2hunter2",
      "ghp_hunter2hunter2",
      "-----BEGIN KEY hunter2",
    ];
    const places = (name: string, value: string): readonly object[] => [
      { data: { [name]: value } },
      { data: { other: "x", [name]: value } },
      { metadata: { annotations: { [name]: value } } },
      { metadata: { labels: { other: "x", [name]: value } } },
      { spec: { [name]: value } },
      { spec: { deep: { [name]: { inner: value } } } },
      container({ env: [{ name, value }] }),
      { spec: { list: [{ name, value }] } },
    ];
    const check = (before: object, after: object): void => {
      for (const text of [words(before, after), words({}, after), words(before, {}), words(after, before)])
        assert.doesNotMatch(text, /hunter2/i, text);
    };
    for (const name of names) {
      const [before, after] = [places(name, "hunter2"), places(name, "hunter2b")];
      for (const [i, place] of before.entries()) check(place, after[i] ?? {});
    }
    for (const value of values) {
      const [before, after] = [places("other", value), places("other", "x")];
      for (const [i, place] of before.entries()) check(place, after[i] ?? {});
    }
  });

  it("shows what a container does whose name sounds secret", () => {
    const of = (memory: string): object => ({
      spec: { template: { spec: { containers: [{ name: "token", memory }] } } },
    });
    assert.equal(words(of("1"), of("2")), "token memory: 1 -> 2");
  });

  it("is one bounded line of printable text, whatever changes", () => {
    fc.assert(
      fc.property(
        fc.option(jsonObject, { nil: undefined }),
        jsonObject,
        hostileText,
        hostileText,
        (a, b, key, value) => {
          const after = object([
            ...Object.entries(b),
            ["metadata", object([["labels", object([[key, value]])]])],
            ["data", object([[value, key]])],
          ]);
          for (const text of [
            describe({ identity, before: a, after }),
            describe({ identity, before: after, after: b }),
          ]) {
            assert.match(text, /^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]+$/u);
            assert.ok(text.length <= 500, String(text.length));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

suite("diffFields", () => {
  const paths = (before: Json, after: Json): readonly string[] =>
    diffFields(before as JsonObject, after as JsonObject).map(({ path }) => path);

  it("names fields as people do, in order", () => {
    assert.deepEqual(paths({ b: 1, a: { "x.y": 1, z: 1 } }, { b: 2, a: { "x.y": 2, z: 2 } }), ['a["x.y"]', "a.z", "b"]);
  });

  it("tells list items by name or key, and a list that only changed its order as a whole", () => {
    const one = { name: "a", v: 1 };
    const two = { name: "b", v: 2 };
    assert.deepEqual(paths({ l: [one, two] }, { l: [one, { ...two, v: 3 }] }), ["l[b].v"]);
    assert.deepEqual(paths({ l: [one] }, { l: [one, two] }), ["l[b]"]);
    assert.deepEqual(paths({ z: 1, l: [one, two] }, { z: 1, l: [two, one] }), ["l"]);
    assert.deepEqual(paths({ a: 1, l: [one, two] }, { a: 2, l: [two, one] }), ["a", "l"]);
    assert.deepEqual(paths({ l: [one, one] }, { l: [one] }), ["l"]);
    assert.deepEqual(paths({ l: [{ key: "k", v: 1 }] }, { l: [{ key: "k", v: 2 }] }), ["l[k].v"]);
    assert.deepEqual(paths({ l: [1, 2] }, { l: [1, 3] }), ["l"]);
  });

  it("is empty exactly where nothing differs, and gives both sides of what does", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (a, b) => {
        assert.deepEqual(diffFields(a, a), []);
        const changes = diffFields(a, b);
        assert.equal(changes.length === 0, equalJson(a, b));
        for (const { before, after } of changes)
          assert.ok(before === undefined || after === undefined || !equalJson(before, after));
      }),
      { numRuns: 500 },
    );
  });
});
