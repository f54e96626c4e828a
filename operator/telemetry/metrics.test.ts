import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { metricDeclarations } from "./metric-declarations.ts";
import { createMetrics } from "./metrics.ts";

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
  it("refuses a value that is none of a label's", () => {
    const metrics = createMetrics();
    assert.throws(() => metrics.count("clickscribe_commits_total", { ref: "x" }), /ref is one of source, not x/);
    assert.throws(() => metrics.gauge("clickscribe_captures", { ready: "yes" }, 1), /ready is one of true, false/);
  });
  it("begins counters at 0 where all their labels' values are known, and shows no gauge that was never set", async () => {
    const { text } = await createMetrics().render();
    assert.match(text, /^clickscribe_pushes_total\{outcome="Refused"\} 0$/m);
    assert.match(text, /^clickscribe_watch_failures_total 0$/m);
    assert.doesNotMatch(text, /^clickscribe_changes_total/m);
    assert.doesNotMatch(text, /^clickscribe_(attributing|leading|captures)/m);
  });
  it("replaces all series of a gauge: what is gone is not shown", async () => {
    const metrics = createMetrics();
    const labels = (capture: string) => ({ capture_namespace: "shop", capture });
    const name = "clickscribe_deletions_waiting";
    const both = ["a", "b"].map((capture) => ({ labels: labels(capture), value: 1 }));
    metrics.replace({ name, series: both });
    metrics.replace({ name, series: [{ labels: labels("b"), value: 2 }] });
    const { text } = await metrics.render();
    const shown = text.split("\n").filter((line) => line.startsWith(name));
    assert.deepEqual(shown, [`${name}{capture_namespace="shop",capture="b"} 2`]);
    metrics.replace({ name, series: [] });
    assert.doesNotMatch((await metrics.render()).text, /^clickscribe_deletions_waiting/m);
  });
  it("shows the process's own only when asked to", async () => {
    assert.doesNotMatch((await createMetrics().render()).text, /^process_/m);
    assert.match(
      (await createMetrics({ process: true }).render()).text,
      /^process_resident_memory_bytes \d+$[^]*^nodejs_/m,
    );
  });
  it("has no label that could name an object, a person or a repository", () => {
    const labels = new Set(metricDeclarations.flatMap((metric) => Object.keys(metric.labels)));
    const open = metricDeclarations.flatMap((metric) =>
      Object.entries(metric.labels).flatMap(([label, values]) => (typeof values === "string" ? [label] : [])),
    );
    assert.deepEqual(new Set(open), new Set(["version", "capture_namespace", "capture", "kind"]));
    // A ServiceMonitor's own labels would rename these.
    for (const label of ["namespace", "pod", "job", "instance", "service", "container", "le"])
      assert.ok(!labels.has(label), label);
  });
  it("has names as Prometheus wants them, each with what it tells", () => {
    for (const { name, type, help } of metricDeclarations) {
      assert.match(name, /^clickscribe_[a-z][a-z_]*$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      if (type === "histogram") assert.match(name, /_seconds$/);
      assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|mb)$/);
      assert.match(help, /^[A-Z0-9].*\.$/, name);
    }
    assert.equal(new Set(metricDeclarations.map(({ name }) => name)).size, metricDeclarations.length);
  });
});
