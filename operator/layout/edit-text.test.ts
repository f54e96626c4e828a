import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { jsonObject } from "../../test/fixtures/json.ts";
import { equalJson } from "../manifest/equal-json.ts";
import { identityOf } from "../manifest/identity.ts";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { Identity, Json, JsonObject } from "../values.ts";
import { addToText, editText } from "./edit-text.ts";

const lines = (...all: readonly string[]): string => all.join("\n");
const idOf = (kind: string, name: string, namespace = "shop"): Identity => ({
  group: kind === "Deployment" ? "apps" : "",
  kind,
  namespace,
  name,
});

// oxlint-disable-next-line typescript/no-explicit-any -- manifests of every form
type Change = (object: any) => void;

/** The file once `change` was made to the object of this kind and name, as a file says it. */
function edited(
  text: string,
  change: Change | undefined,
  identity: Identity = idOf("ConfigMap", "app"),
): string | null {
  const result = attempt(text, change, identity);
  if (result.verdict === "Refused") throw new Error(result.why);
  return result.text;
}

function attempt(text: string, change: Change | undefined, identity: Identity): ReturnType<typeof editText> {
  const object = contentOf(text, identity);
  const wanted = object && structuredClone(object);
  change?.(wanted);
  return editText(text, { identity, wanted: change && (wanted ?? { kind: "None" }), defaultNamespace: "shop" });
}

function contentOf(text: string, { kind, name }: Identity): JsonObject | undefined {
  const parsed = parseManifests(text);
  if (!parsed.readable) return undefined;
  return parsed.documents.find(({ identity }) => identity.kind === kind && identity.name === name)?.content;
}

const header = ["apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: app"];
const other = lines(
  "# of another",
  "apiVersion: v1",
  "kind:   ConfigMap",
  "metadata: {name: other}   # odd",
  "data:",
  '    a:   "x"',
  "",
);

const rows: readonly (readonly [what: string, before: string, change: Change, after: string])[] = [
  [
    "a value, its comment and its quotes",
    lines(...header, "data:", "  a: '1' # why", "", "  # about b", '  b: "2"', ""),
    (o) => (o.data.a = "3"),
    lines(...header, "data:", "  a: '3' # why", "", "  # about b", '  b: "2"', ""),
  ],
  [
    "a plain value stays plain",
    lines(...header, "data:", "  a: one  # why", ""),
    (o) => (o.data.a = "two"),
    lines(...header, "data:", "  a: two  # why", ""),
  ],
  [
    "a plain value that must be quoted",
    lines(...header, "data:", "  a: one", ""),
    (o) => (o.data.a = "yes"),
    lines(...header, "data:", '  a: "yes"', ""),
  ],
  [
    "a new key in its place among sorted ones",
    lines(...header, "data:", "  a: x", "  c: x # c", "# end", ""),
    (o) => (o.data.b = "w"),
    lines(...header, "data:", "  a: x", "  b: w", "  c: x # c", "# end", ""),
  ],
  [
    "a new key behind unsorted ones",
    lines(...header, "data:", "    z: x", "    c: x", "", "immutable: true", ""),
    (o) => (o.data.b = "w"),
    lines(...header, "data:", "    z: x", "    c: x", "    b: w", "", "immutable: true", ""),
  ],
  [
    "a key that goes, with its comment",
    lines(...header, "data:", "  a: x", "  # about b", "  b: x", "  # about c", "  c: x", ""),
    (o) => delete o.data.b,
    lines(...header, "data:", "  a: x", "  # about c", "  c: x", ""),
  ],
  [
    "the last key that goes",
    lines(...header, "data:", "  a: x", ""),
    (o) => (o.data = {}),
    lines(...header, "data: {}", ""),
  ],
  [
    "a map that goes",
    lines(...header, "data:", "  a: x", "  # in data", "immutable: true", ""),
    (o) => delete o.data,
    lines(...header, "immutable: true", ""),
  ],
  [
    "an empty map that is filled",
    lines(...header, "data: {} # none", ""),
    (o) => (o.data = { a: "x", b: "w" }),
    lines(...header, "data: # none", "  a: x", "  b: w", ""),
  ],
  [
    "nothing that is filled",
    lines(...header, "data:", "immutable: true", ""),
    (o) => (o.data = { a: "x" }),
    lines(...header, "data:", "  a: x", "immutable: true", ""),
  ],
  [
    "a literal",
    lines(...header, "data:", "  a: |", "    one", "    two", "  b: x", ""),
    (o) => (o.data.a = "one\n2\n"),
    lines(...header, "data:", "  a: |", "    one", "    2", "  b: x", ""),
  ],
  [
    "a literal with its own indentation, that becomes one line",
    lines(...header, "data:", "  a: |-", "      one", "      two", "  b: x", ""),
    (o) => (o.data.a = "one\n2"),
    lines(...header, "data:", "  a: |-", "      one", "      2", "  b: x", ""),
  ],
  [
    "one line that becomes a literal",
    lines(...header, "data:", "  a: one # why", "  b: x", ""),
    (o) => (o.data.a = "one\ntwo\n"),
    lines(...header, "data:", "  a: | # why", "    one", "    two", "  b: x", ""),
  ],
  [
    "line ends of Windows",
    lines(...header, "data:", "  a: x", "").replaceAll("\n", "\r\n"),
    (o) => Object.assign(o.data, { a: "w", b: "1\n2\n" }),
    lines(...header, "data:", "  a: w", "  b: |", "    1", "    2", "").replaceAll("\n", "\r\n"),
  ],
  [
    "a byte order mark",
    `\ufeff${lines(...header, "data: {a: x}", "")}`,
    (o) => (o.data.a = "w"),
    `\ufeff${lines(...header, "data: {a: w}", "")}`,
  ],
  [
    "no newline at the end",
    lines(...header, "data:", "  a: x"),
    (o) => (o.data.b = "w"),
    lines(...header, "data:", "  a: x", "  b: w"),
  ],
  [
    "a map in braces",
    lines(...header, "data: { a: x, 'b': 'w' } # why", ""),
    (o) => Object.assign(o.data, { b: "z", c: "q" }),
    lines(...header, `data: { a: x, 'b': 'z', "c": "q" } # why`, ""),
  ],
  [
    "a key of a map in braces that goes",
    lines(...header, "data: {a: x, b: w, c: z}", ""),
    (o) => {
      delete o.data.a;
      delete o.data.c;
    },
    lines(...header, "data: {b: w}", ""),
  ],
  [
    "JSON",
    '{\n\t"apiVersion": "v1", "kind": "ConfigMap",\n\t"metadata": {"name": "app"},\n\t"data": {\n\t\t"a": "x"\n\t}\n}\n',
    (o) => Object.assign(o.data, { a: "w", b: "z" }),
    '{\n\t"apiVersion": "v1", "kind": "ConfigMap",\n\t"metadata": {"name": "app"},\n\t"data": {\n\t\t"a": "w",\n\t\t"b": "z"\n\t}\n}\n',
  ],
  [
    "one of many documents",
    lines("# file", "---", other, "---", ...header, "data: {a: x}", "---", other),
    (o) => (o.data.a = "w"),
    lines("# file", "---", other, "---", ...header, "data: {a: w}", "---", other),
  ],
  [
    "a marker of Flux",
    lines(...header, "data:", '  image: a:1 # {"$imagepolicy": "flux-system:a"}', ""),
    (o) => (o.data.image = "a:2"),
    lines(...header, "data:", '  image: a:2 # {"$imagepolicy": "flux-system:a"}', ""),
  ],
  [
    "an item of a List",
    lines(
      "apiVersion: v1",
      "kind: List",
      "items:",
      "- apiVersion: v1",
      "  kind: ConfigMap",
      "  metadata: {name: app}",
      "  # data",
      "  data:",
      "    a: x",
      "- apiVersion: v1",
      "  kind: ConfigMap",
      "  metadata: {name: b}",
      "",
    ),
    (o) => Object.assign(o.data, { a: "w", b: "z" }),
    lines(
      "apiVersion: v1",
      "kind: List",
      "items:",
      "- apiVersion: v1",
      "  kind: ConfigMap",
      "  metadata: {name: app}",
      "  # data",
      "  data:",
      "    a: w",
      "    b: z",
      "- apiVersion: v1",
      "  kind: ConfigMap",
      "  metadata: {name: b}",
      "",
    ),
  ],
];

const deployment = lines(
  "apiVersion: apps/v1",
  "kind: Deployment",
  "metadata:",
  "    name: web",
  "spec:",
  "    replicas: 2   # enough",
  "    template:",
  "        spec:",
  "            containers:",
  "                # the app",
  "                - name: app",
  "                  image: app:1",
  "",
  "                # beside it",
  "                - image: proxy:1",
  "                  name: proxy",
  "                  args: [a, b]",
  "                  ports:",
  "                  - containerPort: 80",
  "            volumes: []",
  "",
);
const web = idOf("Deployment", "web");
const listed: readonly (readonly [what: string, change: Change, from: string, to: string])[] = [
  ["a number", (o) => (o.spec.replicas = 3), "replicas: 2 ", "replicas: 3 "],
  ["a value in an item", (o) => (o.spec.template.spec.containers[1].image = "proxy:2"), "proxy:1", "proxy:2"],
  [
    "an item behind another",
    (o) => o.spec.template.spec.containers.splice(1, 0, { name: "new", image: "n:1" }),
    "app:1\n",
    "app:1\n                - image: n:1\n                  name: new\n",
  ],
  [
    "an item at the front",
    (o) => o.spec.template.spec.containers.unshift({ name: "new", image: "n:1" }),
    "                # the app\n",
    "                - image: n:1\n                  name: new\n                # the app\n",
  ],
  [
    "an item at the end, deeper lists kept",
    (o) => o.spec.template.spec.containers[1].ports.push({ containerPort: 81, name: "x" }),
    "- containerPort: 80\n",
    "- containerPort: 80\n                  - containerPort: 81\n                    name: x\n",
  ],
  [
    "an item that goes",
    (o) => o.spec.template.spec.containers.shift(),
    "                # the app\n                - name: app\n                  image: app:1\n",
    "",
  ],
  [
    "the first key of an item",
    (o) => delete o.spec.template.spec.containers[1].image,
    "- image: proxy:1\n                  name: proxy",
    "- name: proxy",
  ],
  ["items in brackets", (o) => o.spec.template.spec.containers[1].args.push("c"), "[a, b]", '[a, b, "c"]'],
  [
    "an empty list",
    (o) => (o.spec.template.spec.volumes = [{ name: "v", emptyDir: {} }]),
    "volumes: []",
    "volumes:\n                - emptyDir: {}\n                  name: v",
  ],
  [
    "items that are moved, with their comments",
    (o) => o.spec.template.spec.containers.reverse(),
    deployment.slice(deployment.indexOf("                # the app"), deployment.indexOf("            volumes")),
    lines(
      "                # beside it",
      "                - image: proxy:1",
      "                  name: proxy",
      "                  args: [a, b]",
      "                  ports:",
      "                  - containerPort: 80",
      "                # the app",
      "                - name: app",
      "                  image: app:1",
      "",
      "",
    ),
  ],
];

describe("editText", () => {
  for (const [what, before, change, after] of rows) {
    it(what, () => {
      assert.equal(edited(before, change), after);
      assert.equal(
        edited(before, () => undefined),
        before,
      );
    });
  }
  for (const [what, change, from, to] of listed) {
    it(`in a list: ${what}`, () => {
      assert.ok(deployment.includes(from));
      assert.equal(edited(deployment, change, web), deployment.replace(from, to));
    });
  }

  it("takes a document out with its mark, and the last one with its file", () => {
    const mine = lines(...header, "data: {a: x}", "");
    const stream = (...all: readonly string[]): string => all.join("---\n");
    assert.equal(edited(mine, undefined), null);
    assert.equal(edited(stream(other, mine), undefined), other);
    assert.equal(edited(stream(mine, other), undefined), stream("", other));
    assert.equal(
      edited(stream(other, mine, other.replaceAll("other", "third")), undefined),
      stream(other, other.replaceAll("other", "third")),
    );
    assert.equal(
      edited(`# Copyright\n\n# mine\n${stream(mine, other)}`, undefined),
      `# Copyright\n\n${stream("", other)}`,
    );
    assert.equal(edited(`# Copyright\n---\n${stream(mine, other)}`, undefined), `# Copyright\n${stream("", other)}`);
  });

  it("takes an item out of a List, and the last one with its file", () => {
    const item = (name: string): string => `- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: ${name}}\n`;
    const list = (...names: readonly string[]): string =>
      `kind: List\napiVersion: v1\nitems:\n${names.map(item).join("")}`;
    assert.equal(edited(list("a", "app", "b"), undefined), list("a", "b"));
    assert.equal(edited(list("app"), undefined), null);
  });

  for (const [what, end] of [
    ["U+2028", "\u2028"],
    ["U+2029", "\u2029"],
    ["a lone carriage return", "\r"],
  ] as const) {
    it(`begins no document behind ${what}`, () => {
      const change: Change = (o) => (o.data.b = "w");
      const plain = lines(...header, "data:", "  b: q", `  a: x${end}--- y`, "");
      assert.equal(edited(plain, change), plain.replace("q", "w"));
      assert.equal(
        edited(plain, (o) => (o.data.a = "z")),
        lines(...header, "data:", "  b: q", "  a: z", ""),
      );
      const literal = lines(...header, "data:", "  b: q", "  a: |", `    x${end}--- y`, "    z", "");
      assert.equal(edited(literal, change), literal.replace("q", "w"));
      const stream = `${other}---\n${literal}---\n${other.replace("other", "third")}`;
      assert.equal(edited(stream, change), stream.replace("q", "w"));
      assert.equal(edited(`# ${end}--- y\n${literal}---\n${other}`, undefined), `---\n${other}`);
      const content = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app" }, data: { a: `${end}--- y` } };
      const json = `${JSON.stringify({ ...content, data: { ...content.data, b: "q" } })}\n`;
      assert.equal(edited(json, change), json.replace('"q"', '"w"'));
    });
  }

  const refusals: readonly (readonly [what: string, text: string, why: RegExp])[] = [
    ["an anchor", lines(...header, "data: &d", "  a: x", ""), /uses an anchor/],
    ["an alias", lines(...header, "x: {a: &a x}", "data: {b: *a}", ""), /uses an a/],
    ["a template", lines(...header, "data:", "  a: {{ .x }}", ""), /template/],
    ["a key that stands twice", lines(...header, "data: {a: x, a: y}", ""), /twice/],
    ["the object twice", lines(...header, "---", ...header, ""), /the object twice/],
    ["what SOPS has encrypted", lines(...header, "sops: {mac: x}", ""), /encrypted/],
    ["no YAML", "a: [\n", /./],
  ];
  for (const [what, text, why] of refusals) {
    it(`refuses: ${what}`, () => {
      const result = editText(text, {
        identity: idOf("ConfigMap", "app"),
        wanted: { kind: "X" },
        defaultNamespace: "shop",
      });
      assert.ok(result.verdict === "Refused");
      assert.match(result.why, why);
    });
  }

  it("tells what is not there", () => {
    const result = editText(other, { identity: idOf("ConfigMap", "app"), wanted: {}, defaultNamespace: "shop" });
    assert.ok(result.verdict === "Refused" && result.reason === "NotFound");
  });
});

describe("addToText", () => {
  const content = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "app" } };
  const mine = lines("apiVersion: v1", "kind: ConfigMap", "metadata:", "    name: app", "");
  it("puts a document behind the others, an item behind those of a List", () => {
    assert.deepEqual(addToText(other, content), { verdict: "Edited", text: `${other}---\n${mine}` });
    assert.deepEqual(addToText(other.trimEnd(), content), { verdict: "Edited", text: `${other}---\n${mine}` });
    assert.deepEqual(addToText("# only words\n", content), {
      verdict: "Edited",
      text: `# only words\n${mine.replace("    ", "  ")}`,
    });
    const list = "kind: List\nitems:\n  - kind: A\n    metadata: {name: a}\n";
    const grown = `${list}  - apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: app\n`;
    assert.deepEqual(addToText(list, content), { verdict: "Edited", text: grown });
  });
  it("refuses a file with anything that SOPS has encrypted", () => {
    const sops = "sops: {mac: x}\n";
    const list = `kind: List\nitems:\n- kind: A\n  metadata: {name: a}\n`;
    const item = `${list}- kind: B\n  metadata: {name: b}\n  ${sops}`;
    for (const text of [`${other}---\n${mine}${sops}`, `# values\na: x\n${sops}`, `${list}${sops}`, item])
      assert.deepEqual(addToText(text, content), { verdict: "Refused", why: "it is encrypted by SOPS" });
  });
  it("refuses a JSON file of one object", () => {
    assert.equal(addToText('{"kind": "A", "metadata": {"name": "a"}}', content).verdict, "Refused");
  });
});

/** A manifest by anybody's tools. */
const styled = fc
  .record({
    indent: fc.constantFrom(2, 4, 3),
    indentSeq: fc.boolean(),
    singleQuote: fc.boolean(),
    lineWidth: fc.constantFrom(0, 40),
    collectionStyle: fc.constantFrom("any" as const, "block" as const, "flow" as const),
    comments: fc.array(fc.nat(200), { maxLength: 4 }),
    blanks: fc.array(fc.nat(200), { maxLength: 3 }),
    windows: fc.boolean(),
  })
  .map(({ comments, blanks, windows, ...options }) => (object: JsonObject): string => {
    const text = stringify(object, { ...options, version: "1.1", aliasDuplicateObjects: false }).split("\n");
    for (const at of comments) {
      const line = text[at % text.length] ?? "";
      text.splice(at % text.length, 0, `${/^ */.exec(line)?.[0] ?? ""}# a comment`);
    }
    for (const at of blanks) text.splice(at % text.length, 0, "");
    return text.join(windows ? "\r\n" : "\n");
  });
const named = (object: JsonObject): JsonObject => ({
  ...object,
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "app", labels: object["labels"] ?? { a: "b" } },
});
const word = fc.constantFrom<Json>("a", "b", "yes", "1", 1, 2, true, null, "", "x y", "# c", "l1\nl2\n", "it's");
const small: fc.Arbitrary<JsonObject> = fc.letrec<{ value: Json; map: JsonObject; list: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, { weight: 3, arbitrary: word }, tie("map"), tie("list")),
  map: fc.dictionary(fc.constantFrom("a", "b", "c", "name", "on", "x/y"), tie("value"), {
    maxKeys: 4,
  }),
  list: fc.array(tie("value"), { maxLength: 3 }),
})).map;
const any = fc
  .oneof({ weight: 3, arbitrary: fc.record({ data: small, spec: small, labels: small }) }, jsonObject)
  .map(named);

describe("editText, for any file and change", () => {
  it("says what is wanted, and changes no byte of others", () => {
    let sound = 0;
    fc.assert(
      fc.property(any, any, styled, fc.boolean(), (before, wanted, style, isFirst) => {
        const text = style(before);
        const parsed = parseManifests(text);
        // A comment or blank line that came into a literal made another object of it, or none.
        fc.pre(parsed.readable && equalJson(parsed.documents[0]?.content ?? null, before));
        const joint = text.includes("\r\n") ? "---\r\n" : "---\n";
        const end = text.endsWith("\n") ? "" : "\n";
        const stream = isFirst ? `${text}${end}${joint}${other}` : `${other}${joint}${text}`;
        const result = editText(stream, { identity: identityOf(named({})), wanted, defaultNamespace: "" });
        if (result.verdict === "Refused") return;
        sound++;
        const after = parseManifests(result.text ?? "");
        assert.ok(after.readable);
        assert.ok(equalJson(after.documents[isFirst ? 0 : 1]?.content ?? null, wanted));
        const rest = result.text ?? "";
        assert.ok(isFirst ? rest.endsWith(other) : rest.startsWith(other));
        const again = editText(rest, { identity: identityOf(named({})), wanted, defaultNamespace: "" });
        assert.deepEqual(again, { verdict: "Edited", text: rest });
      }),
      { numRuns: 400 },
    );
    assert.ok(sound > 150, `${sound} of 400 were edited`);
  });

  it("keeps every comment, where one value changes", () => {
    fc.assert(
      fc.property(any, styled, word, (before, style, value) => {
        const text = style(before);
        const parsed = parseManifests(text);
        fc.pre(parsed.readable && equalJson(parsed.documents[0]?.content ?? null, before));
        const wanted = { ...before, metadata: { ...(before["metadata"] as JsonObject), annotations: { new: value } } };
        const result = editText(text, { identity: identityOf(before), wanted, defaultNamespace: "" });
        assert.ok(result.verdict === "Edited", JSON.stringify(result));
        const comments = (whole: string | null): number => (whole ?? "").split("# a comment").length;
        assert.equal(comments(result.text), comments(text));
      }),
      { numRuns: 200 },
    );
  });

  it("edits every object of a large file, one after the other", () => {
    const object = (i: number, value: string): JsonObject => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `app-${i}` },
      data: { value },
    });
    const stream = (value: string): string =>
      Array.from({ length: 120 }, (_, i) => stringify(object(i, value))).join("---\n");
    let text = stream("a");
    for (let i = 0; i < 120; i++) {
      const identity = idOf("ConfigMap", `app-${i}`);
      const result = editText(text, { identity, wanted: object(i, "b"), defaultNamespace: "shop" });
      assert.ok(result.verdict === "Edited");
      text = result.text ?? "";
    }
    assert.equal(text, stream("b"));
  });

  it("takes no longer than the file is long", () => {
    const many = (n: number, value: string): JsonObject =>
      named({
        data: Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, value])),
        list: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, value })),
      });
    const timed = (n: number): number => {
      const text = stringify(many(n, "a"));
      const started = performance.now();
      assert.equal(
        editText(text, { identity: identityOf(named({})), wanted: many(n, "b"), defaultNamespace: "" }).verdict,
        "Edited",
      );
      return performance.now() - started;
    };
    timed(500);
    const little = Math.max(timed(500), 5);
    assert.ok(timed(5_000) < little * 10 * 10, "it grows faster than the file");
  });
});
