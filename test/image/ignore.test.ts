import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIgnore } from "../../scripts/image/ignore.ts";

describe("parseIgnore", () => {
  const ignored = parseIgnore("# comment\n*\n!operator\n!/package.json\n**/*.test.ts\n**/testdata/\n\na?c\n");
  const cases: readonly (readonly [path: string, out: boolean])[] = [
    ["README.md", true],
    [".git/config", true],
    ["package.json", false],
    ["packageXjson", true],
    ["operator/git/push.ts", false],
    ["operator/git/push.test.ts", true],
    ["top.test.ts", true],
    ["operator/manifest/testdata/a/b.yaml", true],
    ["operator2/x.ts", true],
  ];
  for (const [path, out] of cases)
    it(`${path} is ${out ? "left out" : "kept"}`, () => assert.equal(ignored(path), out));

  it("keeps all when there is no line", () => assert.equal(parseIgnore("\n")("a"), false));
});
