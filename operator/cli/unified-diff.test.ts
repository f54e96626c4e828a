import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { diffLines, unifiedDiff } from "./unified-diff.ts";

const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}\n`).join("");
const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 20 });

describe("unifiedDiff", () => {
  it("says nothing where nothing differs", () => assert.deepEqual(unifiedDiff("a\nb\n", "a\nb\n"), []));

  it("shows a change with three lines around it", () => {
    const before = numbered(10);
    assert.deepEqual(unifiedDiff(before, before.replace("line 5", "other")), [
      "@@ -3,7 +3,7 @@",
      " line 2",
      " line 3",
      " line 4",
      "-line 5",
      "+other",
      " line 6",
      " line 7",
      " line 8",
    ]);
  });

  it("shows changes that are far apart in hunks of their own", () => {
    const before = numbered(30);
    const after = before.replace("line 2\n", "").replace("line 25\n", "line 25\nnew\n");
    const headers = unifiedDiff(before, after).filter((line) => line.startsWith("@@"));
    assert.deepEqual(headers, ["@@ -1,6 +1,5 @@", "@@ -24,6 +23,7 @@"]);
  });

  it("shows a file that comes and one that goes", () => {
    assert.deepEqual(unifiedDiff(undefined, "a\nb\n"), ["@@ -0,0 +1,2 @@", "+a", "+b"]);
    assert.deepEqual(unifiedDiff("a\n", undefined), ["@@ -1 +0,0 @@", "-a"]);
  });

  it("shows texts that have nothing in common as a whole, quickly", () => {
    const many = (word: string): string[] => Array.from({ length: 3_000 }, (_, index) => `${word} ${index}`);
    const found = diffLines(many("a"), many("b"));
    assert.equal(found.filter(({ mark }) => mark === "-").length, 3_000);
    assert.equal(found.filter(({ mark }) => mark === "+").length, 3_000);
  });
});

describe("diffLines", () => {
  it("gives both sides back", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const found = diffLines(before, after);
        const side = (mark: string): string[] => found.filter((l) => l.mark !== mark).map(({ text }) => text);
        assert.deepEqual(side("+"), before);
        assert.deepEqual(side("-"), after);
      }),
    );
  });

  it("is as short as git's", () => {
    const folder = mkdtempSync(join(tmpdir(), "clickscribe-diff-"));
    try {
      fc.assert(
        fc.property(lines, lines, (before, after) => {
          const [a, b] = [join(folder, "a"), join(folder, "b")];
          writeFileSync(a, before.map((line) => `${line}\n`).join(""));
          writeFileSync(b, after.map((line) => `${line}\n`).join(""));
          const edits = (text: string): number => text.split("\n").filter((line) => /^[-+](?![-+])/.test(line)).length;
          const ours = edits(unifiedDiff(readFileSync(a, "utf8"), readFileSync(b, "utf8")).join("\n"));
          assert.equal(ours, edits(gitDiff(a, b)));
        }),
        { numRuns: 30 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function gitDiff(a: string, b: string): string {
  const args = ["diff", "--no-index", "--no-color", "--minimal", "--", a, b];
  try {
    return execFileSync("git", args, { encoding: "utf8" });
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}
