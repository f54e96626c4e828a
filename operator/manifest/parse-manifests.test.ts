import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hostileText, jsonObject, object } from "../../test/fixtures/json.ts";
import { equalJson } from "../merge/contains.ts";
import type { JsonObject } from "../values.ts";
import { identityOf } from "./identity.ts";
import { type ParsedFile, parseManifests } from "./parse-manifests.ts";
import { serialize } from "./serialize.ts";
import { stringifyJson } from "./stringify-json.ts";

const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

/** `KIND NAMESPACE/NAME` of each document, or why the file cannot be read. */
function found(text: string): readonly string[] | string {
  const parsed = parseManifests(text);
  if (!parsed.readable) return parsed.why;
  return parsed.documents.map(
    ({ identity }) => `${identity.kind}.${identity.group} ${identity.namespace}/${identity.name}`,
  );
}

function contentOf(text: string): JsonObject {
  const parsed = parseManifests(text);
  assert.ok(parsed.readable && parsed.documents[0] !== undefined, text);
  return parsed.documents[0].content;
}

function quickly(text: string): ParsedFile {
  const start = process.hrtime.bigint();
  const parsed = parseManifests(text);
  const ms = Number((process.hrtime.bigint() - start) / 1_000_000n);
  assert.ok(ms < 3000, `${ms} ms for ${text.length} characters: ${text.slice(0, 40)}`);
  return parsed;
}

describe("parseManifests", () => {
  it("reads back whatever serialize writes", () => {
    fc.assert(
      fc.property(jsonObject, (rest) => {
        const content = object([
          ...Object.entries(rest),
          ["apiVersion", "example.com/v1"],
          ["kind", "Widget"],
          ["metadata", object([["name", "a"]])],
        ]);
        const parsed = parseManifests(serialize(content));
        assert.ok(parsed.readable, parsed.readable ? "" : parsed.why);
        assert.ok(equalJson(parsed.documents[0]?.content ?? null, content));
        assert.equal(serialize(parsed.documents[0]?.content ?? {}), serialize(content));
      }),
      { numRuns: 500 },
    );
  });

  it("reads JSON, several documents, Lists, comments, a byte order mark and CRLF", () => {
    assert.deepEqual(found('{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n"}}'), [
      "Deployment.apps n/a",
    ]);
    assert.deepEqual(found(`# first\n---\n${head}---\n# nothing\n---\n${head.replace("name: a", "name: b")}...\n`), [
      "ConfigMap. /a",
      "ConfigMap. /b",
    ]);
    const items = '[{"apiVersion":"v1","kind":"Service","metadata":{"name":"b"}}]';
    assert.deepEqual(found(`apiVersion: v1\nkind: List\nitems: ${items}\n`), ["Service. /b"]);
    assert.deepEqual(found(`apiVersion: v1\nkind: ServiceList\nmetadata: {resourceVersion: x}\nitems: ${items}\n`), [
      "Service. /b",
    ]);
    assert.deepEqual(found(`\ufeff${head}`), ["ConfigMap. /a"]);
    assert.deepEqual(found(head.replaceAll("\n", "\r\n")), ["ConfigMap. /a"]);
  });

  it("finds nothing in what is no Kubernetes object", () => {
    for (const text of [
      "",
      "\n",
      "# only a comment\n",
      "a: 1\n",
      "- a\n- b\n",
      "text",
      "42",
      "null",
      "---\n---\n",
      "[]",
      "{}",
    ])
      assert.deepEqual(found(text), []);
    for (const text of [
      "kind: ConfigMap\n",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
      "kind: 1\nmetadata: {name: 2}\n",
    ])
      assert.deepEqual(found(text), []);
    assert.deepEqual(found("apiVersion: v1\nkind: List\nitems: [1, null, [2], {a: 1}]\n"), []);
  });

  it("takes no object of a CRD apart whose kind ends in List: a list has no name", () => {
    const text = "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [x, y]\n";
    assert.deepEqual(found(text), ["AllowList.example.com /a"]);
    const objects = "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [{host: x}]\n";
    assert.deepEqual(found(objects), ["AllowList.example.com /a"]);
  });

  const refused: readonly (readonly [why: string, text: string])[] = [
    ["it is a template", `${head}data:\n  a: {{ .Values.a }}\n`],
    ["it is a template", `{{- if .Values.on }}\n${head}{{- end }}\n`],
    ["it uses an anchor", `${head}data: &all\n  a: b\n`],
    ["", `${head}data:\n  c: *x\n`],
    ["it uses a merge key", `${head}data:\n  <<: {a: b}\n`],
    ["it uses the tag !secret", `${head}data: !secret a\n`],
    ["it uses the tag !!js/function", `${head}data: !!js/function "x"\n`],
    ['it has the key "1" twice', `${head}data: {1: a, "1": b}\n`],
    ["it has a key that is", `${head}data: {[a]: b}\n`],
    ["it has a key that is null", `${head}data: {? : b}\n`],
    ["it uses an anchor", `&a a: b\n`],
    ["it uses the tag !!binary", `${head}data: !!binary aGk=\n`],
    ['it has the key "a" twice', `${head}data:\n  a: b\n  a: c\n`],
    ["Tabs are not allowed as indentation (line 6)", `${head}data:\n\ta: b\n`],
    ["", `${head}data: "unclosed\n`],
    ["", `${head}data: [1, 2\n`],
    ["", `${head}  bad: indent\n data: x\n`],
    ["it is nested too deeply", `${head}data: ${"[".repeat(5000)}${"]".repeat(5000)}\n`],
    [
      "it is nested too deeply",
      `${head}data:\n${Array.from({ length: 300 }, (_, i) => `${" ".repeat(i + 1)}a:`).join("\n")} b\n`,
    ],
    ["it is larger than 3 MiB", `${head}data: ${"x".repeat(3 * 1024 * 1024)}\n`],
  ];
  for (const [why, text] of refused) {
    it(`refuses ${JSON.stringify(text.slice(head.length - 10, head.length + 30))}`, () => {
      const parsed = quickly(text);
      assert.ok(!parsed.readable, JSON.stringify(parsed));
      assert.ok(parsed.why.startsWith(why) && parsed.why.length > 3 && !parsed.why.includes("\n"), parsed.why);
    });
  }

  it("takes braces in a string for what they are", () => {
    assert.deepEqual(found(`${head}data:\n  a: "{{ .Values.a }}"\n  b: |\n    {{ if }}\n`), ["ConfigMap. /a"]);
  });

  const resolved: readonly (readonly [plain: string, json: string])[] = [
    ..."y Y yes Yes YES on On ON true True TRUE".split(" ").map((word) => [word, "true"] as const),
    ..."n N no No NO off Off OFF false False FALSE".split(" ").map((word) => [word, "false"] as const),
    ..."~ null Null NULL".split(" ").map((word) => [word, "null"] as const),
    ..."0 00 -0 +0 0x0".split(" ").map((word) => [word, "0"] as const),
    ["0755", "493"],
    ["-0755", "-493"],
    ["0o755", "493"],
    ["0x1F", "31"],
    ["0X1f", "31"],
    ["0b101", "5"],
    ["0x_1F_", "31"],
    ["0o_755", "493"],
    ["0b_101", "5"],
    ["0B11", "3"],
    ["0O17", "15"],
    ["1_000", "1000"],
    ["+7", "7"],
    ["008", "8"],
    ["1.50", "1.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["1e3", "1000"],
    ["1.0e+21", "1e+21"],
    ["9007199254740992", "9007199254740992"],
    ["9007199254740993", "9007199254740993"],
    ["-9223372036854775808", "-9223372036854775808"],
    ..."yEs oN nULL 12:30:45 10:00 2024-01-01 = ._ _1 e10 1.2.3 10.0.0.1 500m 1Gi 25% 0x 0x_ -0X__ 0b2 0b_ 0o9 0o_ 1e400 a1 -a .inf .nan +"
      .split(" ")
      .map((word) => [word, JSON.stringify(word)] as const),
  ];
  for (const [plain, json] of resolved) {
    it(`reads ${plain} as kubectl does`, () => {
      assert.equal(stringifyJson(contentOf(`${head}a: ${plain}\n`)["a"] ?? null), json);
      for (const quoted of [`"${plain}"`, `'${plain}'`, `!!str ${plain}`])
        assert.equal(contentOf(`${head}a: ${quoted}\n`)["a"], plain);
    });
  }

  it("makes the text of a number or boolean that is a key, as kubectl does", () => {
    const content = contentOf(`${head}data: {on: a, 1: b, 0x10: c, 9007199254740993: d, "off": e, <: f}\n`);
    assert.deepEqual(Object.keys(content["data"] as object), ["1", "16", "true", "9007199254740993", "off", "<"]);
  });

  it("never pollutes a prototype", () => {
    const content = contentOf(`${head}data:\n  __proto__: {polluted: "yes"}\n  constructor: x\n`);
    assert.deepEqual(Object.keys(content["data"] as object), ["__proto__", "constructor"]);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.equal((content["data"] as { polluted?: unknown }).polluted, undefined);
  });

  it("never throws and never hangs", () => {
    const piece = fc.oneof(
      hostileText,
      fc.constantFrom(
        head,
        "\n",
        "  ",
        "- ",
        "? ",
        ": ",
        "---\n",
        "...\n",
        "&a ",
        "*a ",
        "!t ",
        "|\n",
        ">-\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        '"',
        "'",
        "#",
        "<<: ",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const parsed = quickly(pieces.join(""));
        if (parsed.readable) {
          for (const { identity, content } of parsed.documents) {
            assert.deepEqual(identityOf(content), identity);
            assert.ok(identity.kind !== "" && identity.name !== "");
            serialize(content);
          }
        } else assert.ok(parsed.why.length > 0);
      }),
      { numRuns: 1000 },
    );
  });

  const many = (text: string, times: number): string => text.repeat(times);
  const pathological: readonly (readonly [string, string])[] = [
    ["an alias bomb", `${head}a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n`],
    ["deep block lists", `${head}a:\n${many("- ", 20_000)}x\n`],
    ["deep explicit keys", `${many("? ", 20_000)}x\n`],
    ["deep flow maps", many("{a: ", 20_000)],
    ["closing brackets first", many("]", 20_000) + many("[", 20_000)],
    ["flow hidden in quotes", `${head}a: '${many("]", 3000)}'\nb: ${many("[", 3000)}`],
    ["many documents", many("---\na: 1\n", 20_000)],
    ["many keys", `${head}data:\n${Array.from({ length: 30_000 }, (_, i) => `  k${i}: v\n`).join("")}`],
    ["many tabs", many("\t", 200_000)],
    ["many underscores", `${head}a: 0x${many("_", 200_000)}g\nb: 0b${many("_", 200_000)}2\n`],
    ["many spaces", `a: ${many(" ", 1_000_000)}`],
    ["many colons", many(":", 100_000)],
    ["many question marks", many("?", 100_000)],
    ["many quotes", many('"', 100_000)],
    ["many hashes", many(" #", 100_000)],
    ["many anchors", `${head}data: {${many("&a x, ", 20_000)}}`],
    ["many exclamation marks", many("!", 50_000)],
    ["a long literal", `${head}data:\n  a: |\n${many("    line of text\n", 60_000)}`],
    ["a long folded string", `${head}data:\n  a: >\n${many("    line\n\n", 60_000)}`],
    ["a long quoted string with line ends", `${head}data:\n  a: "${many("x\\n \n ", 60_000)}"\n`],
    ["a long number", `${head}data: ${many("9", 300_000)}`],
    ["many blank lines before an error", `${many("\n", 80_000)}a: [`],
    ["many errors", many("a: b: c\n", 20_000)],
  ];
  for (const [name, text] of pathological) it(`is quick with ${name}`, () => void quickly(text));
});
