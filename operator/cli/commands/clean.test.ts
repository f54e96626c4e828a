import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { jsonObject } from "../../../test/fixtures/json.ts";
import { serialize } from "../../manifest/serialize.ts";
import type { JsonObject } from "../../values.ts";
import { cleanText } from "../clean/clean-text.ts";

const bin = fileURLToPath(new URL("../bin.mjs", import.meta.url));
const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  uid: 1-2\n  resourceVersion: "7"\ndata:\n  a: "1"\n`;
const cleaned = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], input = "", program = bin): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, "clean", ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

describe("clickscribe clean", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "clickscribe-clean-"));
    mkdirSync(join(folder, "inner"));
    writeFileSync(join(folder, "b.yml"), configMap("b"));
    writeFileSync(join(folder, "a.yaml"), configMap("a"));
    writeFileSync(join(folder, "notes.txt"), "not mine");
    writeFileSync(
      join(folder, "inner", "c.json"),
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","uid":"1"},"data":{"a":"1"}}',
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it("prints what is read from standard input", async () => {
    assert.deepEqual(await run(["-f", "-"], configMap("x")), { code: 0, stdout: cleaned("x"), stderr: "" });
    const plugin = fileURLToPath(new URL("../kubectl-clickscribe.mjs", import.meta.url));
    assert.equal((await run(["-f", "-"], configMap("x"), plugin)).stdout, cleaned("x"));
  });
  it("reads files, and the manifests of folders, with -R below them too", async () => {
    assert.equal((await run(["-f", folder])).stdout, [cleaned("a"), cleaned("b")].join("---\n"));
    const all = await run(["-R", "-f", join(folder, "b.yml"), "-f", folder]);
    assert.equal(all.stdout, [cleaned("b"), cleaned("a"), cleaned("b"), cleaned("c")].join("---\n"));
  });
  it("prints one object of JSON as it is, and several as a List", async () => {
    assert.deepEqual(JSON.parse((await run(["-f", "-", "-o", "json"], configMap("x"))).stdout), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "x" },
      data: { a: "1" },
    });
    const list = JSON.parse((await run(["-f", folder, "-o", "json"])).stdout);
    assert.deepEqual([list.kind, list.items.length], ["List", 2]);
  });
  it("names what it cannot read, and prints the rest", async () => {
    const text = `${configMap("x")}---\n{{ .Values.y }}\n---\n- 1\n---\nkind: A\nmetadata: {name: a}\n---\n${configMap("z")}`;
    const { code, stdout, stderr } = await run(["-f", "-", "-f", join(folder, "none.yaml"), "-f", folder], text);
    assert.deepEqual([code, stdout], [1, ["x", "z", "a", "b"].map(cleaned).join("---\n")]);
    assert.deepEqual(stderr.split("\n"), [
      "clickscribe: standard input: document 2: it is a template, or has a key that is a map",
      "clickscribe: standard input: document 3: is no object: a manifest is a map with apiVersion, kind and metadata",
      "clickscribe: standard input: document 4: has no apiVersion",
      `clickscribe: ${join(folder, "none.yaml")}: there is no such file`,
      "",
    ]);
  });
  it("reads UTF-16 with a byte order mark, and refuses what is no text", async () => {
    const bytes = (name: string, content: Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const wide = bytes("wide.txt", Buffer.from(`\ufeff${configMap("x")}`, "utf16le"));
    assert.deepEqual(await run(["-f", wide]), { code: 0, stdout: cleaned("x"), stderr: "" });
    const latin = bytes("latin.txt", Buffer.from(configMap("x").replace('"1"', "gr\u00fc\u00df"), "latin1"));
    const stderr = `clickscribe: ${latin}: is no UTF-8 text\n`;
    assert.deepEqual(await run(["-f", latin]), { code: 1, stdout: "", stderr });
  });
  it("notes what an admission webhook put in", async () => {
    const annotations = '{"sidecar.istio.io/status":"{}"}';
    const spec = '{"containers":[{"name":"app"},{"name":"istio-proxy"}]}';
    const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":${annotations}},"spec":${spec}}`;
    const { code, stderr } = await run(["-f", "-"], pod);
    assert.equal(code, 0);
    assert.match(stderr, /^note: Pod a has the container istio-proxy, by Istio: [^\n]*\n$/);
  });
  it("says what is wrong with how it is called", async () => {
    const nothing = await run([]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /^clickscribe: --filename [^\n]*required[^\n]*\n$/);
    assert.equal((await run(["-f", "-", "-o", "table"])).code, 2);
    const empty = await run(["-f", "-"], "# nothing\n");
    assert.deepEqual(empty, { code: 1, stdout: "", stderr: "clickscribe: standard input: there is no object in it\n" });
  });
});

const problems = (text: string): readonly string[] =>
  [...cleanText(text)].map((read) => (read.ok ? serialize(read.object) : read.problem));

describe("cleanText", () => {
  const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}';
  const table: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
    ["invalid JSON", map, /^is no JSON: /],
    ["a truncated stream", `${map},"data":{"a":"b`, /^is no JSON: /],
    [
      "an object without a name",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}',
      /^ConfigMap: has no metadata\.name$/,
    ],
    ["metadata that is none", '{"apiVersion":"v1","kind":"ConfigMap","metadata":[1]}', /has no metadata\.name$/],
    ["a name to be made up", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}\n", /none yet$/],
    ["an object without a kind", '{"apiVersion":"v1","metadata":{"name":"a"}}', /^has no kind$/],
    ["duplicate keys of YAML", "apiVersion: v1\nkind: A\nkind: B\n", /has the key "kind" twice$/],
    [
      "what is nested too deep",
      `${map},"data":${'{"a":'.repeat(1000)}1${"}".repeat(1001)}`,
      /^ConfigMap a: is nested deeper/,
    ],
    ["YAML that is nested too deep", `a: ${"[".repeat(1000)}${"]".repeat(1000)}`, /nested too deeply$/],
    ["an alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", /uses an a(?:nchor|lias)$/],
    ["an item that is none", '{"apiVersion":"v1","kind":"List","items":[1]}', /^items\[0\]: is no object/],
  ];
  for (const [what, text, expected] of table)
    it(`tells ${what}`, () => {
      const [problem = "", ...others] = problems(text);
      assert.match(problem, expected);
      assert.deepEqual(others, []);
    });
  it("takes the last of duplicate keys of JSON, as the API server does", () => {
    assert.match(problems(`${map},"data":{"a":"1","a":"2"}}`)[0] ?? "", /a: "2"/);
  });
  it("keeps what a double cannot carry, and odd keys", () => {
    const text = `${map},"spec":{"id":9007199254740993,"f":1.0,"__proto__":{"a":1}}}`;
    assert.match(problems(text)[0] ?? "", /__proto__:\n {4}a: 1\n {2}f: 1\.0\n {2}id: 9007199254740993\n/);
  });
  it("takes Lists apart, the kinds of whose items stand in the list's own too", () => {
    const items = '[{"metadata":{"name":"a","uid":"1"}},{"metadata":{"name":"b"}}]';
    const found = problems(`{"apiVersion":"v1","kind":"ConfigMapList","metadata":{},"items":${items}}`);
    assert.deepEqual(
      found,
      ["a", "b"].map((name) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`),
    );
    assert.deepEqual(problems('{"apiVersion":"v1","kind":"List","items":[]}'), []);
  });
  it("cleans what it printed to the same bytes", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (spec, annotations) => {
        const object: JsonObject = { apiVersion: "v1", kind: "Widget", metadata: { name: "a", annotations }, spec };
        const once = problems(serialize(object));
        assert.deepEqual(problems(once.join("---\n")), once);
      }),
    );
  });
});
