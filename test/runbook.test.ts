/** docs/runbook.md has a section for every reason and every alert, and for none that does not exist. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { conditionReasons, refusalReasons } from "../operator/api/reasons.ts";
import { commands } from "../operator/cli/commands.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

interface Section {
  readonly title: string;
  readonly text: string;
}

/** Sections by their heading's marks: `## ` parts, or the `### ` of one part. */
function sectionsOf(text: string, marks: string): readonly Section[] {
  return text
    .split(new RegExp(`^${marks} `, "m"))
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return { title: section.slice(0, end), text: section.slice(end + 1).trim() };
    });
}

const runbook = read("docs/runbook.md");
const parts = new Map(sectionsOf(runbook, "##").map(({ title, text }) => [title, sectionsOf(text, "###")]));
const titlesOf = (part: string): readonly string[] => parts.get(part)?.map(({ title }) => title) ?? [];
const anchors = new Set([...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));

describe("the runbook", () => {
  it("has a section for each reason of conditions, in their order, and for no other", () => {
    assert.deepEqual(titlesOf("Conditions"), Object.keys(conditionReasons));
  });
  for (const { title, text } of parts.get("Conditions") ?? []) {
    it(`${title}: what it means, how it shows, why, how to mend it, and what happens meanwhile`, () => {
      const means = Object.entries(conditionReasons).find(([reason]) => reason === title)?.[1].means ?? "";
      assert.equal(text.split("\n")[0], means);
      const labels = [...text.matchAll(/^- \*\*(\w+(?: \w+)?)\*\*: \S/gm)].map(([, label]) => label);
      assert.deepEqual(
        labels.filter((label) => label !== "Look"),
        ["Seen as", "Why", "Mend", "Meanwhile"],
      );
    });
  }
  it("has a section for each reason why an object is not written", () => {
    const all = [...titlesOf("Objects that are not written"), ...titlesOf("Conditions")];
    for (const reason of Object.keys(refusalReasons)) assert.ok(all.includes(reason), reason);
    const reasons = Object.keys(refusalReasons);
    for (const title of titlesOf("Objects that are not written")) assert.ok(reasons.includes(title), title);
  });
  it("has a section for each alert, in their order, and for no other", () => {
    const file = parse(read("charts/clickscribe/files/alerts/clickscribe.yaml")) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
    };
    const alerts = file.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    assert.deepEqual(titlesOf("Alerts").toSorted(), alerts.toSorted());
  });
  it("has no two headings with one anchor, and no link that leads nowhere", () => {
    assert.equal(anchors.size, [...runbook.matchAll(/^#+ /gm)].length);
    for (const [, file = "", anchor] of runbook.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
      if (file !== "") assert.ok(existsSync(join(root, "docs", file)), file);
      const there =
        file === ""
          ? anchors
          : new Set([...read(`docs/${file}`).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
      if (anchor !== undefined) assert.ok(there.has(anchor), `${file}#${anchor}`);
    }
  });
  it("names only commands, and flags of them, that exist", () => {
    const named = [...runbook.matchAll(/(?:^|`|\$ )clickscribe ([a-z][^`#|\n]*)/gm)].map(([, words = ""]) =>
      words.trim(),
    );
    assert.ok(named.length > 30, String(named.length));
    for (const words of named) {
      const command = commands.find(({ line }) => `${words} `.startsWith(`${line.name} `))?.line;
      const isGroup = commands.some(({ line }) => line.name.startsWith(`${words} `));
      assert.ok(command !== undefined || isGroup, words);
      const flags = command?.flags.flatMap(({ name, short }) => [`--${name}`, `-${short ?? ""}`]) ?? [];
      for (const [flag = ""] of words.matchAll(/(?<= )--?[a-zA-Z][\w-]*/g))
        assert.ok(flags.includes(flag), `${words}: ${flag}`);
    }
  });
});
