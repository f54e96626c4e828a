import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CheckItem, renderReport, reportOf } from "./report.ts";

const item = (status: CheckItem["status"], message: string, remedy = "", group = "Kubernetes"): CheckItem => ({
  name: message.replaceAll(" ", "-"),
  group,
  status,
  message,
  remedy,
});

describe("a report of check", () => {
  it("passes with warnings, and not with a failure", () => {
    assert.equal(reportOf([item("Passed", "a"), item("Warning", "b")]).passed, true);
    assert.equal(reportOf([item("Passed", "a"), item("Failed", "b")]).passed, false);
  });

  it("shows groups, marks, what to do, and counts", () => {
    const report = reportOf([
      item("Passed", "v1.37.2"),
      item("Failed", "may not create CRDs", "Ask an administrator."),
      item("Warning", "record not tried", "Add --write.", "GitRemote shop/platform"),
    ]);
    assert.equal(
      renderReport(report, { color: false }),
      [
        "Kubernetes",
        "✔ v1.37.2",
        "✖ may not create CRDs",
        "    Ask an administrator.",
        "",
        "GitRemote shop/platform",
        "⚠ record not tried",
        "    Add --write.",
        "",
        "Something is to be done: 1 failed, 1 warning, 3 looked at.",
        "",
      ].join("\n"),
    );
  });

  it("says that all is there only where nothing is left to doubt", () => {
    const last = (...items: readonly CheckItem[]): string | undefined =>
      renderReport(reportOf(items), { color: false }).trim().split("\n").at(-1);
    assert.equal(last(item("Passed", "a")), "Everything that is needed is there: 1 looked at.");
    assert.equal(
      last(item("Passed", "a"), item("Warning", "not looked at: may not list captures")),
      "Everything that is needed is there, as far as could be seen: 1 warning, 2 looked at.",
    );
  });

  it("lets nothing from the cluster act on the terminal; colours are the marks' alone", () => {
    const report = reportOf([item("Failed", "bad\u001b[2J\nword", "do\u202ethis", "Capture x\u001b[1m")]);
    const text = renderReport(report, { color: true });
    const own = /\[(?:1|22|31|39)m/;
    assert.ok(
      text
        .split("\u001b")
        .slice(1)
        .every((rest) => rest.search(own) === 0),
    );
    assert.match(text, /bad\\u\{1b\}\[2J word/);
    assert.match(text, /do\\u\{202e\}this/);
  });
});
