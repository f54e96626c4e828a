/** Metrics in the Prometheus format; only what metric-declarations.ts declares. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { GaugeSeries, Meter } from "../ports.ts";
import { type MetricDeclaration, metricDeclarations } from "./metric-declarations.ts";

export interface Metrics extends Meter {
  /** Makes these all the series that a gauge has. */
  replace(gauge: GaugeSeries): void;
  /** The text that Prometheus scrapes. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface MetricsOptions {
  readonly declarations?: readonly MetricDeclaration[];
  /** Also the process's own (`process_*`, `nodejs_*`), under the names that all Node programs give them. Default: no. */
  readonly process?: boolean;
}

type Labels = Readonly<Record<string, string>>;

/**
 * A gauge is rendered once it was set; a counter whose labels are closed lists begins at 0, so that its first increase
 * is seen. Throws at the use of a name that is not declared, of another type, or with other labels or values.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { declarations = metricDeclarations } = options;
  const registry = new Registry();
  const counters = new Map<string, Counter<string>>();
  const gauges = new Map<string, Gauge<string>>();
  const histograms = new Map<string, Histogram<string>>();
  for (const { name, type, help, labels, buckets } of declarations) {
    const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    if (type === "counter") {
      const counter = new Counter(common);
      for (const values of combinations(labels)) counter.inc(values, 0);
      counters.set(name, counter);
    } else if (type === "gauge") {
      const gauge = new Gauge(common);
      if (common.labelNames.length === 0) gauge.remove();
      gauges.set(name, gauge);
    } else histograms.set(name, new Histogram({ ...common, ...(buckets && { buckets: [...buckets] }) }));
  }
  if (options.process === true) collectDefaultMetrics({ register: registry });
  const labelsOf = new Map(declarations.map(({ name, labels }) => [name, labels]));

  function declared<T>(metrics: ReadonlyMap<string, T>, name: string, labels: Labels): T {
    const metric = metrics.get(name);
    const known = labelsOf.get(name) ?? {};
    const names = Object.keys(known);
    const given = Object.keys(labels);
    if (metric === undefined) throw new Error(`metric ${name} is not declared, or is of another type`);
    if (given.length !== names.length || !names.every((label) => Object.hasOwn(labels, label))) {
      throw new Error(`metric ${name} has the labels [${names.join(", ")}], not [${given.join(", ")}]`);
    }
    for (const [label, values] of Object.entries(known)) {
      const value = labels[label] ?? "";
      if (typeof values !== "string" && !values.includes(value))
        throw new Error(`metric ${name}: ${label} is one of ${values.join(", ")}, not ${value}`);
    }
    return metric;
  }

  return {
    count(name, labels = {}, by = 1) {
      declared(counters, name, labels).inc(labels, by);
    },
    gauge(name, labels, value) {
      declared(gauges, name, labels).set(labels, value);
    },
    observe(name, labels, seconds) {
      declared(histograms, name, labels).observe(labels, seconds);
    },
    replace({ name, series }) {
      const checked = series.map(({ labels, value }) => ({ gauge: declared(gauges, name, labels), labels, value }));
      gauges.get(name)?.reset();
      for (const { gauge, labels, value } of checked) gauge.set(labels, value);
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** Every combination of values; none where a label's values are not a closed list. */
function combinations(labels: MetricDeclaration["labels"]): readonly Labels[] {
  let all: readonly Labels[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (typeof values === "string") return [];
    all = all.flatMap((labelled) => values.map((value) => ({ ...labelled, [label]: value })));
  }
  return all;
}
