import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeSegment, encodeSegment, isReserved, joinPath, overlaps, parseCapturePath } from "./path.ts";

const hostile = fc
  .oneof(
    fc.constantFrom(
      "..",
      ".",
      ".git",
      ".GIT",
      ".git.",
      "CON",
      "con",
      "con.yaml",
      "nul",
      "COM1",
      "%2f",
      "%",
      "a/b",
      "a\\b",
    ),
    fc.constantFrom(
      "system:foo",
      "Foo",
      "foo",
      "a.",
      ".a",
      "a..b",
      "\u0000",
      "\ufeff",
      "İ",
      "ﬁ",
      "git~1",
      "a b ",
      "é",
      "e\u0301",
    ),
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom("a", "A", ".", "-", "_", "%", "/", "~", ":", " "), maxLength: 12 }),
  )
  .map((text) => text.toWellFormed());

describe("encodeSegment", () => {
  for (const [text, segment] of [
    ["web", "web"],
    ["my-app.v1_2", "my-app.v1_2"],
    ["system:node", "system%3anode"],
    ["Web", "%57eb"],
    ["..", "%2e%2e"],
    [".git", "%2egit"],
    ["web.", "web%2e"],
    ["con", "%63on"],
    ["nul.x", "%6eul.x"],
    ["console", "console"],
    ["a/../b", "a%2f..%2fb"],
    ["100%", "100%25"],
    ["git~1", "git%7e1"],
    ["é", "%c3%a9"],
  ] as const) {
    it(`writes ${text} as ${segment}`, () => assert.equal(encodeSegment(text), segment));
  }

  it("is reversible, whatever the text", () => {
    fc.assert(fc.property(hostile, (text) => assert.equal(decodeSegment(encodeSegment(text)), text)));
  });

  it("gives one segment that no file system or git takes for anything else", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const segment = encodeSegment(text);
        assert.match(segment, /^[a-z0-9._%-]*$/);
        assert.doesNotMatch(segment, /^\.|\.$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/);
        assert.equal(segment, segment.toLowerCase());
        assert.ok(!isReserved(segment));
      }),
    );
  });
});

describe("parseCapturePath", () => {
  for (const [text, path] of [
    ["", ""],
    ["apps/shop", "apps/shop"],
    ["apps/shop/", "apps/shop"],
    ["a..b/c", "a..b/c"],
    ["Apps/Größe 1", "Apps/Größe 1"],
    [".argo/apps", ".argo/apps"],
    ["github/x", "github/x"],
    ["conf/x", "conf/x"],
  ] as const) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(parseCapturePath(text), { ok: true, path }));
  }

  for (const [text, why] of [
    ["/", /absolute/],
    ["/etc", /absolute/],
    ["..", /leaves/],
    ["a/../../b", /leaves/],
    ["./a", /leaves/],
    ["a//b", /empty segment/],
    ["a//", /empty segment/],
    ["a\\b", /backslash/],
    ["a\u0000b", /not seen/],
    ["a\nb", /not seen/],
    ["a\u202eb", /not seen/],
    ["a\u2028b", /not seen/],
    ["a\ud800", /not seen/],
    [".git", /reserved/],
    ["a/.GIT/hooks", /reserved/],
    [".git.", /reserved/],
    [".git ", /reserved/],
    [".ｇｉｔ/x", /reserved/],
    ["git~1/x", /reserved/],
    ["GITHUB~1/workflows", /reserved/],
    [".github/workflows", /reserved/],
    [".GitHub", /reserved/],
    [".gitlab/agents/prod", /reserved/],
    [".gitlab-ci.yml", /reserved/],
    [".gitmodules", /reserved/],
    [".circleci", /reserved/],
    ["x/.woodpecker", /reserved/],
    [".tekton", /reserved/],
    ["a./b", /dot or a space/],
    ["a /b", /dot or a space/],
    ["a:b", /file system/],
    ["a*", /file system/],
    ["CON/x", /file system/],
    ["x/aux.d", /file system/],
    ["é".repeat(200), /file system/],
    ["a/".repeat(600), /longer than 1024/],
  ] as const) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      const parsed = parseCapturePath(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.why, why);
      assert.doesNotMatch(parsed.why, /[\p{Cc}\p{Cf}\p{Zl}]/u);
    });
  }

  it("gives a path that stays below the root and parses to itself, or none", () => {
    const segments = fc.oneof(hostile, fc.constantFrom("a", "apps", ""));
    fc.assert(
      fc.property(fc.array(segments, { maxLength: 5 }), (parts) => {
        const parsed = parseCapturePath(parts.join("/"));
        if (!parsed.ok || parsed.path === "") return;
        for (const segment of parsed.path.split("/"))
          assert.ok(!["", ".", ".."].includes(segment) && !isReserved(segment));
        assert.deepEqual(parseCapturePath(parsed.path), parsed);
      }),
    );
  });
});

describe("overlaps", () => {
  for (const [a, b, expected] of [
    ["", "apps", true],
    ["apps", "apps", true],
    ["apps", "apps/shop", true],
    ["apps/shop", "apps", true],
    ["Apps", "apps/shop", true],
    ["caf\u00e9", "cafe\u0301/x", true],
    ["apps", "apps2", false],
    ["apps/a", "apps/b", false],
  ] as const) {
    it(`${expected ? "is" : "is not"} so for ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
      assert.equal(overlaps(a, b), expected);
      assert.equal(overlaps(b, a), expected);
    });
  }
});

it("joinPath leaves out empty segments", () => assert.equal(joinPath("", "a", "", "b"), "a/b"));
