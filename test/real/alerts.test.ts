/** Alerts and dashboard by the real promtool: their syntax, and that each alert fires and is over again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { metricDeclarations } from "../../operator/telemetry/metric-declarations.ts";
import { createMetrics } from "../../operator/telemetry/metrics.ts";
import { resolvePart } from "./parts/parts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the alerts", () => {
  let promtool = "";
  before(async () => {
    promtool = await resolvePart("promtool");
  });

  for (const args of [
    ["check", "rules", "--lint=all", "--lint-fatal", "charts/clickscribe/files/alerts/clickscribe.yaml"],
    ["test", "rules", "test/fixtures/alerts/clickscribe.test.yaml"],
  ]) {
    it(`promtool ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: root, encoding: "utf8" });
      assert.equal(status, 0, stdout + stderr);
    });
  }

  it("promtool reads every expression of the dashboard", () => {
    const text = readFileSync(join(root, "charts/clickscribe/files/dashboards/clickscribe.json"), "utf8");
    const panels = (JSON.parse(text) as { readonly panels: readonly Panel[] }).panels;
    const rules = panels
      .flatMap(({ targets = [] }) => targets)
      // Grafana fills in its variables; any duration and any text will do.
      .map(({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll("$__rate_interval", "5m") }));
    assert.ok(rules.length > 20);
    const input = JSON.stringify({ groups: [{ name: "dashboard", rules }] });
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "rules"], { input, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  });

  it("promtool finds nothing wrong with how metrics are named and rendered", async () => {
    const metrics = createMetrics();
    for (const { name, type, labels: values } of metricDeclarations) {
      const labels = Object.fromEntries(
        Object.entries(values).map(([label, known]) => [label, typeof known === "string" ? "x" : (known[0] ?? "")]),
      );
      if (type === "counter") metrics.count(name, labels);
      else if (type === "gauge") metrics.gauge(name, labels, 1);
      else metrics.observe(name, labels, 1);
    }
    const { text } = await metrics.render();
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" });
    assert.equal(stdout + stderr, "");
    assert.equal(status, 0);
  });
});

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}
