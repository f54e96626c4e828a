import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hostileText, json, jsonObject, nastyStrings } from "../../test/fixtures/json.ts";
import { equalJson } from "../merge/contains.ts";
import type { Identity, JsonObject } from "../values.ts";
import { blobId } from "./blob-id.ts";
import { identityKey, identityOf, isObject, parseIdentityKey } from "./identity.ts";
import { parseJson } from "./parse-json.ts";
import { stringifyJson } from "./stringify-json.ts";
import { isVerbatim } from "./verbatim.ts";

describe("parseJson and stringifyJson", () => {
  it("are each other's inverse, for any value", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = stringifyJson(value);
        assert.ok(equalJson(parseJson(text), value));
        assert.equal(stringifyJson(parseJson(text)), text);
      }),
      { numRuns: 1000 },
    );
  });

  it("reads keys with escapes, whatever keys others had before", () => {
    for (const poison of ['{"a":0,"\\\\":1}', '{"\\\\":1}', '{"k:{\\\\":1}', '{"a":{"\\u005cn":1}}']) parseJson(poison);
    for (const [source, key] of [
      ['{"\\"":1}', '"'],
      ['{"a":0,"\\u003e":2}', ">"],
      ['{"k:{\\"name\\":\\"web\\"}" : {}}', 'k:{"name":"web"}'],
      ['[{"a":{"\\n":1}}]', "\n"],
      ['{"a":[[{"a":"x\\\\","\\t":[]}]]}', "\t"],
    ] as const) {
      const seen: string[] = [];
      JSON.stringify(parseJson(source), (name, value: unknown) => (seen.push(name), value));
      assert.ok(seen.includes(key), `${source}: ${seen.join()}`);
    }
  });

  const numbers =
    "0|-0|1|-1|9007199254740991|9007199254740992|9007199254740993|-9007199254740993|9223372036854775807|-9223372036854775808|18446744073709551616|123456789012345678901234567890|1.0|1.50|0.1|1e3|1E3|1e+3|1e21|1e+21|1e400|-1e-400|1E+2|0.10|-0.0|-0e0|100.00|1.10e-07|999999999999999|1000000000000000|3.141592653589793238|100000000000000000000000|5e-324";
  for (const number of numbers.split("|")) {
    it(`keeps ${number} as it is written`, () => {
      for (const text of [number, `[${number}]`, `{"a":{"b":[${number},"x"]}}`]) {
        const back = stringifyJson(parseJson(text));
        assert.equal(back, text);
      }
    });
  }

  it("gives plain numbers where a double has the spelling, also beside those that need more", () => {
    const value = parseJson('{"a":1,"b":9007199254740993,"c":0.5,"d":"9007199254740993"}') as JsonObject;
    assert.deepEqual([value["a"], value["c"], value["d"]], [1, 0.5, "9007199254740993"]);
    assert.ok(isVerbatim(value["b"]) && !isObject(value["b"]));
  });

  it("takes an object with the key verbatim for an object", () => {
    const value = parseJson('{"n":1.0,"o":{"verbatim":"1"}}') as JsonObject;
    assert.ok(isObject(value["o"]) && !isVerbatim(value["o"]));
    assert.equal(stringifyJson(value), '{"n":1.0,"o":{"verbatim":"1"}}');
  });

  it("has keys of Object.prototype as keys like any other, on both paths", () => {
    for (const number of ["1", "1.0"]) {
      const text = `{"__proto__":{"polluted":${number}},"constructor":1,"toString":"x","hasOwnProperty":[]}`;
      const value = parseJson(text) as JsonObject;
      assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "toString", "hasOwnProperty"]);
      assert.equal(stringifyJson(value), text);
    }
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  it("takes the last of duplicate keys, as the API server's reader does, on both paths", () => {
    for (const number of ["2", "2.0"]) {
      const text = `{"a":1,"b":{"c":[1]},"__proto__":1,"a":${number},"b":{"d":${number}},"__proto__":{"e":${number}}}`;
      const last = `{"a":${number},"b":{"d":${number}},"__proto__":{"e":${number}}}`;
      assert.equal(stringifyJson(parseJson(text)), last);
    }
  });

  it("reads text with space between its tokens, and numbers that look like others in strings and keys", () => {
    const text = ' {"1.0" :\r\n\t-0.10 ,"a": [ 1E+2 , "1E+2" , 9007199254740993 ] , "say \\"1.0\\"": "\\\\"} ';
    assert.equal(
      stringifyJson(parseJson(text)),
      '{"1.0":-0.10,"a":[1E+2,"1E+2",9007199254740993],"say \\"1.0\\"":"\\\\"}',
    );
  });

  it("keeps the order of keys", () => {
    assert.equal(stringifyJson(parseJson('{"b":1.0,"a":{"d":1,"c":2}}')), '{"b":1.0,"a":{"d":1,"c":2}}');
  });

  it("throws SyntaxError for what is no JSON", () => {
    for (const text of ["", "{", '{"a":01}', '{"a":1.}', "NaN", "1e", '{"a":1.0,}', "'a'"])
      assert.throws(() => parseJson(text), SyntaxError);
  });

  it("is quick where numbers of many digits stand in strings", () => {
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ time: `2024-01-01T00:00:00.${i}`, n: i })));
    const start = process.hrtime.bigint();
    assert.equal(stringifyJson(parseJson(text)), text);
    assert.ok(process.hrtime.bigint() - start < 3_000_000_000n);
  });
});

describe("parseJson and the stack", () => {
  it("reads what is nested as deep as the API server stores it, numbers in their spelling", () => {
    for (const [start, end] of [
      ["[", "]"],
      [`{"a":`, "}"],
    ] as const) {
      let value = parseJson(`${start.repeat(9000)}1.0${end.repeat(9000)}`);
      for (let i = 0; i < 9000; i++) value = Object.values(value as JsonObject)[0] ?? null;
      assert.ok(isVerbatim(value) && value.verbatim === "1.0");
    }
  });
});

describe("identityKey", () => {
  const identity = fc.record(
    {
      group: fc.stringMatching(/^[a-z.]{0,6}$/),
      kind: fc.stringMatching(/^[A-Z][a-z]{0,3}$/),
      namespace: fc.stringMatching(/^[a-z-]{0,4}$/),
      name: fc.oneof(
        fc.stringMatching(/^[a-z:.-]{1,6}$/),
        hostileText.map((text) => text.replaceAll("\n", "")),
      ),
    },
    { noNullPrototype: true },
  );

  it("is injective, and parseIdentityKey its inverse", () => {
    fc.assert(
      fc.property(identity, identity, (a: Identity, b: Identity) => {
        assert.deepEqual(parseIdentityKey(identityKey(a)), a);
        assert.equal(identityKey(a) === identityKey(b), JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it("names an object whatever its version, and anything at all without throwing", () => {
    const of = (text: string): readonly string[] => Object.values(identityOf(parseJson(text) as JsonObject));
    const metadata = '"metadata":{"name":"web","namespace":"shop"}';
    assert.deepEqual(of(`{"apiVersion":"apps/v1","kind":"Deployment",${metadata}}`), [
      "apps",
      "Deployment",
      "shop",
      "web",
    ]);
    assert.deepEqual(of(`{"apiVersion":"apps/v2","kind":"Deployment",${metadata}}`), [
      "apps",
      "Deployment",
      "shop",
      "web",
    ]);
    assert.deepEqual(of(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`), ["", "Node", "", "n"]);
    fc.assert(
      fc.property(jsonObject, (object) => {
        for (const part of Object.values(identityOf(object))) assert.equal(typeof part, "string");
      }),
    );
  });
});

describe("blobId", () => {
  it("is what git hash-object says", () => {
    assert.equal(blobId(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    assert.equal(blobId("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    const text = nastyStrings.filter((nasty) => nasty.isWellFormed()).join("\n");
    const bytes = Buffer.from(text);
    const expected = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    assert.equal(blobId(text), expected);
  });
});
