import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogEntry } from "./entries.ts";
import { renderLog } from "./render.ts";

const entry = (change: Partial<LogEntry>): LogEntry => ({
  time: "2027-01-02T03:04:05.678Z",
  author: "alice",
  attribution: "Admission",
  capture: "shop/all",
  object: "Deployment.apps shop/web",
  what: "scale 3 -> 5",
  commit: "c".repeat(40),
  ...change,
});

describe("the log for people", () => {
  it("is a line each, in columns", () => {
    const { object: _object, ...rest } = entry({ author: "clickscribe", what: "capture 2 objects of shop" });
    const many = [entry({ tool: "Mozilla" }), rest];
    assert.equal(
      renderLog(many, { color: false, withCapture: true }),
      "2027-01-02 03:04:05Z  alice        Deployment.apps shop/web  scale 3 -> 5 (Mozilla)\n" +
        "2027-01-02 03:04:05Z  clickscribe  shop/all                  capture 2 objects of shop\n",
    );
    assert.equal(renderLog([], { color: false, withCapture: true }), "");
  });
  it("lets nothing of the record act on the terminal", () => {
    const hostile = entry({ author: "a\u001b[2J", object: "ConfigMap x/\u202ey", what: "key \n x" });
    const text = renderLog([hostile], { color: false, withCapture: false });
    assert.equal(text.split("\n").length, 2);
    for (const character of ["\u001b", "\u202e"]) assert.ok(!text.includes(character));
    assert.ok(renderLog([hostile], { color: true, withCapture: false }).includes("\u001b[1m"));
  });
});
