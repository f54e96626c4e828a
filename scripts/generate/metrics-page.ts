import { conditionReasons, eventReasons, skipReasons } from "../../operator/api/reasons.ts";
import { type LogEvent, logEvents, logFields } from "../../operator/telemetry/log-events.ts";
import { type MetricDeclaration, metricDeclarations } from "../../operator/telemetry/metric-declarations.ts";

/** docs/metrics.md: every metric, and every line of the log. */
export function metricsPage(): string {
  return `<!-- Generated from operator/telemetry/metric-declarations.ts and log-events.ts by \`npm run generate\`. -->
# Metrics and log

What to do when one of them says that something is wrong stands in [runbook.md](runbook.md). Alerts on them:
\`charts/clickscribe/files/alerts/clickscribe.yaml\`; a dashboard: \`charts/clickscribe/files/dashboards/clickscribe.json\`.

## Metrics
At \`/metrics\` of the port \`http\` (\`--http-port\`), in the Prometheus text format, without authentication. No label names an
object, a person or a repository: only Captures are named, by \`capture_namespace\` and \`capture\` (Prometheus itself
writes the operator's own namespace into \`namespace\`). A gauge is there once it was set; those of Captures are made
when they are asked for, and only by the replica that writes. A counter whose labels are all closed lists begins at 0.

| metric | type | tells | labels | watch for |
|---|---|---|---|---|
${metricDeclarations.map(metricRow).join("\n")}

Beside them stand the process's own, under the names that every Node program gives them: \`process_cpu_seconds_total\`,
\`process_resident_memory_bytes\`, \`process_open_fds\`, \`process_start_time_seconds\`, \`nodejs_heap_size_used_bytes\`,
\`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_gc_duration_seconds\` and others.

## Log
One JSON object a line on standard output. A line has \`time\` (RFC 3339, UTC), \`level\` (\`debug\`, \`info\`, \`warn\`, \`error\`;
\`--log-level\` says from which on), \`msg\`, which is one of the texts below, word for word, and the fields that stand
beside it.

| level | msg | fields | what to do |
|---|---|---|---|
${logEvents.map(logRow).join("\n")}

| field | holds |
|---|---|
${Object.entries(logFields)
  .map(([name, means]) => `| \`${name}\` | ${cell(means)} |`)
  .join("\n")}

What the log never holds: objects and their contents; the values of fields whose names end in password, token or secret, or
say authorization, cookie, credential, private key or kubeconfig; user names and passwords in URLs, values of
authorization headers, private keys, and tokens of well-known shapes. In their place stands \`[redacted]\`. A text is cut
after 2,048 characters, a list after 50 items; control and bidirectional characters are escaped, so that a name in a
cluster cannot write a line of its own.
`;
}

function metricRow({ name, type, help, labels, watch, buckets }: MetricDeclaration): string {
  const unit = buckets === undefined ? "" : ` Buckets: ${buckets.join(", ")} s.`;
  const said = Object.entries(labels).map(([label, values]) =>
    typeof values === "string" ? `\`${label}\`: ${values}` : `\`${label}\`: ${listed(values)}`,
  );
  return `| \`${name}\` | ${type} | ${cell(help + unit)} | ${cell(said.join("; "))} | ${cell(watch)} |`;
}

/** The lists of reasons stand on a page of their own. */
function listed(values: readonly string[]): string {
  const reasons = { conditions: conditionReasons, events: eventReasons, skipped: skipReasons };
  for (const [anchor, list] of Object.entries(reasons))
    if (Object.keys(list).join() === values.join()) return `[a reason](errors.md#${anchor})`;
  return values.map((value) => `\`${value}\``).join(", ");
}

function logRow({ level, message, fields, remedy }: LogEvent): string {
  const names = fields.map((field) => `\`${field.replace("?", "")}\`${field.endsWith("?") ? " (not always)" : ""}`);
  return `| ${level} | ${cell(message)} | ${names.join(", ")} | ${cell(remedy)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
