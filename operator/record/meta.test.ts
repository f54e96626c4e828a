import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../failures.ts";
import { rulesVersion } from "../manifest/rules.ts";
import type { RecordMeta } from "../values.ts";
import { parseMeta, recordFormat, serializeMeta } from "./meta.ts";

const meta: RecordMeta = {
  format: recordFormat,
  rules: 1,
  cluster: { name: "prod", uid: "c" },
  capture: { namespace: "shop", name: "all", uid: "u" },
  namespaces: { shop: "n" },
  remote: "https://git.example.com/shop.git",
  branch: "main",
  path: "apps/shop",
  sourceCommit: "a".repeat(40),
};
const edited = (change: object): string => JSON.stringify({ ...meta, ...change });
const codeOf = (text: string): string => {
  try {
    parseMeta(text);
    return "read";
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.class, "Stalled");
    return error.code;
  }
};

describe("parseMeta", () => {
  it("reads what serializeMeta wrote", () => {
    assert.deepEqual(parseMeta(serializeMeta(meta)), meta);
    assert.deepEqual(parseMeta(serializeMeta({ ...meta, sourceCommit: undefined })), {
      ...meta,
      sourceCommit: undefined,
    });
    assert.match(serializeMeta(meta), /^\{\n {2}"format": 1,[^]*\}\n$/);
  });

  it("refuses a newer format whatever else it holds, and says which", () => {
    assert.equal(codeOf(edited({ format: 2 })), "RecordNewer");
    assert.equal(codeOf('{"format": 99}'), "RecordNewer");
    assert.throws(() => parseMeta('{"format": 2}'), /format 2, this version reads up to 1/);
  });

  it("refuses what newer cleaning rules wrote", () => {
    assert.equal(codeOf(edited({ rules: rulesVersion })), "read");
    assert.equal(codeOf(edited({ rules: rulesVersion + 1 })), "RecordNewer");
  });

  for (const text of [
    "",
    "no json",
    "null",
    "[]",
    "1",
    "{}",
    edited({ format: "1" }),
    edited({ format: 0 }),
    edited({ format: 1.5 }),
    edited({ rules: undefined }),
    edited({ cluster: null }),
    edited({ cluster: { name: "prod" } }),
    edited({ capture: [] }),
    edited({ capture: { namespace: "shop", name: "all" } }),
    edited({ namespaces: null }),
    edited({ namespaces: { shop: 1 } }),
    edited({ remote: 1 }),
    edited({ branch: undefined }),
    edited({ path: null }),
    edited({ sourceCommit: 1 }),
  ]) {
    it(`takes ${text.slice(0, 30)} for no record`, () => assert.equal(codeOf(text), "RecordInvalid"));
  }

  it("leaves out what it does not know, and keeps a namespace that is called __proto__", () => {
    const read = parseMeta(
      edited({ later: true, namespaces: undefined }).replace(/}$/, ',"namespaces":{"__proto__":"x"}}'),
    );
    assert.ok(!("later" in read));
    assert.deepEqual(Object.entries(read.namespaces), [["__proto__", "x"]]);
  });
});
