import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMetrics, metricDeclarations } from "./metrics.ts";

describe("metrics", () => {
  it("renders what was counted, set and observed", async () => {
    const metrics = createMetrics();
    metrics.count("clickscribe_commits_total", { ref: "source" });
    metrics.count("clickscribe_commits_total", { ref: "source" }, 2);
    metrics.count("clickscribe_watch_failures_total");
    metrics.gauge("clickscribe_facts", {}, 7);
    metrics.observe("clickscribe_push_seconds", {}, 0.2);
    const { contentType, text } = await metrics.render();
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^clickscribe_commits_total\{ref="source"\} 3$/m);
    assert.match(text, /^clickscribe_watch_failures_total 1$/m);
    assert.match(text, /^clickscribe_facts 7$/m);
    assert.match(text, /^clickscribe_push_seconds_bucket\{le="0\.25"\} 1$/m);
    for (const { name, help } of metricDeclarations) assert.ok(text.includes(`# HELP ${name} ${help}`), name);
  });
  it("refuses what is not declared: names, types, labels", () => {
    const metrics = createMetrics();
    assert.throws(() => metrics.count("clickscribe_nothing_total"), /clickscribe_nothing_total is not declared/);
    assert.throws(() => metrics.gauge("clickscribe_commits_total", { ref: "source" }, 1), /another type/);
    assert.throws(() => metrics.observe("clickscribe_facts", {}, 1), /another type/);
    assert.throws(() => metrics.count("clickscribe_commits_total"), /has the labels \[ref\], not \[\]/);
    assert.throws(() => metrics.count("clickscribe_commits_total", { kind: "x" }), /not \[kind\]/);
    assert.throws(() => metrics.count("clickscribe_commits_total", { ref: "x", name: "y" }), /not \[ref, name\]/);
    assert.throws(() => metrics.count("constructor"), /not declared/);
  });
  it("shares nothing between two", async () => {
    const [a, b] = [createMetrics(), createMetrics()];
    a.count("clickscribe_watch_failures_total", {}, 5);
    assert.match((await b.render()).text, /^clickscribe_watch_failures_total 0$/m);
  });
  it("has no label that could name an object, a person or a repository", () => {
    const closed = new Set(["kind", "verdict", "reason", "ref", "outcome", "operation", "rung", "ready"]);
    for (const { name, labels } of metricDeclarations) {
      for (const label of labels) assert.ok(closed.has(label), `${name}{${label}}`);
    }
  });
});
