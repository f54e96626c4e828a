/** Alerts and dashboard stand on what is declared: metrics, labels and their values, and sections of the runbook. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { metricDeclarations } from "../operator/telemetry/metric-declarations.ts";
import { createMetrics } from "../operator/telemetry/metrics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const alertsFile = "charts/clickscribe/files/alerts/clickscribe.yaml";
const rules = (
  parse(read(alertsFile)) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read("charts/clickscribe/files/dashboards/clickscribe.json")) as Dashboard;
const processText = (await createMetrics({ process: true }).render()).text;

/** What Prometheus itself puts on every series of a target. */
const targetLabels = ["namespace", "pod", "instance", "job", "service", "container", "endpoint"];

/** Which labels a metric of this name has, with their values; undefined where there is no such metric. */
function labelsOf(name: string): Readonly<Record<string, readonly string[] | string>> | undefined {
  const metric = metricDeclarations.find(
    (declared) =>
      declared.name === name ||
      (declared.type === "histogram" && name.replace(/_(?:bucket|sum|count)$/, "") === declared.name),
  );
  if (metric !== undefined) return name.endsWith("_bucket") ? { ...metric.labels, le: "a bound" } : metric.labels;
  return new RegExp(`^# TYPE ${name} `, "m").test(processText) ? {} : undefined;
}

function check(expr: string): void {
  const metrics = [...expr.matchAll(/\b((?:clickscribe|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
  assert.ok(metrics.length > 0, expr);
  for (const [, name = "", selector = ""] of metrics) {
    const labels = labelsOf(name);
    assert.ok(labels !== undefined, `${name} is no metric: ${expr}`);
    for (const [, label = "", , value = ""] of selector.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
      assert.ok(targetLabels.includes(label) || Object.hasOwn(labels, label), `${name} has no label ${label}: ${expr}`);
      const values = labels[label];
      if (value.startsWith("$") || values === undefined || typeof values === "string") continue;
      for (const one of value.split("|")) assert.ok(values.includes(one), `${label} is never ${one}: ${expr}`);
    }
  }
  const known = new Set([...targetLabels, ...metrics.flatMap(([, name = ""]) => Object.keys(labelsOf(name) ?? {}))]);
  for (const [, list = ""] of expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g))
    for (const label of list.split(","))
      assert.ok(known.has(label.trim()), `no metric has the label ${label}: ${expr}`);
}

describe("the alerts", () => {
  for (const { alert, expr, labels, annotations } of rules) {
    it(`${alert}: stands on what is declared, and says what to do`, () => {
      check(expr);
      assert.match(alert, /^Clickscribe[A-Z]\w+$/);
      assert.ok(["critical", "warning", "info"].includes(labels.severity));
      assert.deepEqual(Object.keys(annotations), ["summary", "description", "runbook_url"]);
      const anchor = annotations["runbook_url"]?.split("/docs/runbook.md#")[1];
      assert.equal(anchor, alert.toLowerCase());
      const known = new Set([
        "capture_namespace",
        "capture",
        ...Object.keys(labelsOf(/clickscribe_\w+/.exec(expr)?.[0] ?? "") ?? {}),
      ]);
      for (const [, label = ""] of Object.values(annotations)
        .join()
        .matchAll(/\$labels\.(\w+)/g))
        assert.ok(known.has(label), label);
    });
  }
  it("are each seen firing and over by the real promtool (test/real/alerts.test.ts)", () => {
    const seen = parse(read("test/fixtures/alerts/clickscribe.test.yaml")) as {
      readonly tests: readonly {
        readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
      }[];
    };
    const cases = seen.tests.flatMap((test) => test.alert_rule_test);
    for (const { alert } of rules) {
      const own = cases.filter(({ alertname }) => alertname === alert);
      assert.ok(
        own.some((one) => one.exp_alerts.length > 0),
        `${alert} is never seen firing`,
      );
      assert.ok(own.at(-1) !== undefined && own.some((one) => one.exp_alerts.length === 0), `${alert} is never over`);
    }
  });
});

describe("the dashboard", () => {
  const { panels, templating } = dashboard;
  const expressions = panels.flatMap((panel) => panel.targets?.map(({ expr }) => expr) ?? []);

  it("stands on what is declared", () => {
    for (const expr of expressions) check(expr);
    for (const { definition } of templating.list) if (definition !== undefined) check(definition);
  });
  it("shows every metric", () => {
    const shown = expressions.join("\n");
    for (const { name } of metricDeclarations) {
      if (name === "clickscribe_watch_subscriber_errors_total") continue;
      assert.ok(shown.includes(name), name);
    }
  });
  it("has panels with their own ids, within the grid, none over another", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const { gridPos, title } of panels) assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
    for (const [index, a] of panels.entries()) {
      for (const b of panels.slice(index + 1)) {
        const [p, q] = [a.gridPos, b.gridPos];
        const apart = p.x + p.w <= q.x || q.x + q.w <= p.x || p.y + p.h <= q.y || q.y + q.h <= p.y;
        assert.ok(apart, `${a.title} and ${b.title}`);
      }
    }
  });
  it("uses only variables that it has", () => {
    const names = new Set([...templating.list.map(({ name }) => name), "__rate_interval"]);
    for (const [, name = ""] of JSON.stringify(dashboard).matchAll(/\$\{?(\w+)\}?/g)) {
      if (name !== "__all") assert.ok(names.has(name), name);
    }
  });
});
