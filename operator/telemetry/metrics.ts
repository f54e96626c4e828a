/** Metrics in the Prometheus format. Names and labels are declared here, once; none is per object. */
import { Counter, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { Meter } from "../ports.ts";

export interface MetricDeclaration {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds, of histograms. */
  readonly buckets?: readonly number[];
}

const requestBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];
const deliveryBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export const metricDeclarations: readonly MetricDeclaration[] = [
  counter("clickscribe_changes_total", "Changes of objects seen in the cluster.", ["kind", "verdict"]),
  gauge("clickscribe_skipped_objects", "Objects left out of Git.", ["reason"]),
  counter("clickscribe_commits_total", "Commits that a server accepted.", ["ref"]),
  counter("clickscribe_pushes_total", "Pushes by what became of them.", ["outcome"]),
  histogram("clickscribe_push_seconds", "How long a push took.", [], deliveryBuckets),
  histogram(
    "clickscribe_commit_latency_seconds",
    "From the sight of a change until a server accepted its commit.",
    [],
    deliveryBuckets,
  ),
  counter("clickscribe_watch_restarts_total", "Watches opened anew.", ["reason"]),
  counter("clickscribe_watch_failures_total", "Watches that failed.", []),
  counter("clickscribe_watch_subscriber_errors_total", "Exceptions of those to whom changes were told.", []),
  counter("clickscribe_admission_reviews_total", "Admission reviews answered.", ["operation"]),
  histogram("clickscribe_admission_seconds", "How long an admission review took to answer.", [], requestBuckets),
  counter(
    "clickscribe_relayed_reviews_total",
    "Admission reviews that a replica which stands by handed on to the one that writes.",
    ["outcome"],
  ),
  gauge("clickscribe_leading", "1 on the replica that writes, 0 on one that stands by.", []),
  gauge("clickscribe_facts", "Facts of admission reviews that no change has confirmed yet.", []),
  counter("clickscribe_attribution_total", "Changes by how their author was found.", ["rung"]),
  gauge("clickscribe_attributing", "1 while the API server reaches the admission webhook.", []),
  gauge("clickscribe_captures", "Captures.", ["ready"]),
  counter("clickscribe_events_total", "Kubernetes Events written.", ["reason"]),
];

export interface Metrics extends Meter {
  /** The text that Prometheus scrapes. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Throws at the use of a name that is not declared, of another type, or with labels other than the declared ones. */
export function createMetrics(declarations: readonly MetricDeclaration[] = metricDeclarations): Metrics {
  const registry = new Registry();
  const counters = new Map<string, Counter<string>>();
  const gauges = new Map<string, Gauge<string>>();
  const histograms = new Map<string, Histogram<string>>();
  for (const { name, type, help, labels, buckets } of declarations) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "counter") counters.set(name, new Counter(options));
    else if (type === "gauge") gauges.set(name, new Gauge(options));
    else histograms.set(name, new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) }));
  }
  const labelsOf = new Map(declarations.map(({ name, labels }) => [name, labels]));

  function declared<T>(metrics: ReadonlyMap<string, T>, name: string, labels: Readonly<Record<string, string>>): T {
    const metric = metrics.get(name);
    const names = labelsOf.get(name) ?? [];
    const given = Object.keys(labels);
    if (metric === undefined) throw new Error(`metric ${name} is not declared, or is of another type`);
    if (given.length !== names.length || !names.every((label) => Object.hasOwn(labels, label))) {
      throw new Error(`metric ${name} has the labels [${names.join(", ")}], not [${given.join(", ")}]`);
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
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function counter(name: string, help: string, labels: readonly string[]): MetricDeclaration {
  return { name, type: "counter", help, labels };
}

function gauge(name: string, help: string, labels: readonly string[]): MetricDeclaration {
  return { name, type: "gauge", help, labels };
}

function histogram(
  name: string,
  help: string,
  labels: readonly string[],
  buckets: readonly number[],
): MetricDeclaration {
  return { name, type: "histogram", help, labels, buckets };
}
