/**
 * Every metric: its name, its labels with their values, what it tells and what to watch it for. docs/metrics.md is
 * generated from this file; dashboards and alerts hold on to these names. No label names an object, a person or a
 * repository.
 */
import { conditionReasons, driftSorts, eventReasons, skipReasons } from "../api/reasons.ts";

export interface MetricDeclaration {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence. */
  readonly help: string;
  /** By label: every value that it takes, or in words what its values are. */
  readonly labels: Readonly<Record<string, readonly string[] | string>>;
  /** What to watch for, in a sentence; "" where there is nothing. */
  readonly watch: string;
  /** Upper bounds in seconds, of histograms. */
  readonly buckets?: readonly number[];
}

const capture = { capture_namespace: "the namespace of the Capture", capture: "the name of the Capture" } as const;
const requestBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];
const deliveryBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export const metricDeclarations: readonly MetricDeclaration[] = [
  gauge("clickscribe_build_info", "Always 1; its label says which version runs.", {
    labels: { version: "the operator's version" },
    watch: "Two versions at a time for longer than an update takes.",
  }),
  gauge("clickscribe_leading", "1 on the replica that writes, 0 on one that stands by.", {
    watch: "No replica at 1: nothing is written.",
  }),
  gauge("clickscribe_captures", "Captures.", {
    labels: { ready: ["true", "false"] },
    watch: "Anything but 0 at `false`.",
  }),
  gauge("clickscribe_capture_ready", "1 while the Capture is ready, 0 while it is not.", {
    labels: { ...capture, reason: Object.keys(conditionReasons) },
    watch: "0 for longer than a retry takes; `Suspended` is somebody's wish.",
  }),
  gauge("clickscribe_capture_objects", "Objects in the scope of a Capture.", {
    labels: { ...capture, state: ["inSync", "pending", "gitAhead", "diverged", "applying", "unmanaged"] },
    watch: "`diverged`: a person has to decide. `pending` that does not go down.",
  }),
  gauge("clickscribe_drifted_objects", "Objects that have not been in sync for longer than spec.drift.after.", {
    labels: { ...capture, sort: Object.keys(driftSorts) },
    watch: "Anything but 0: somebody has to keep or undo what was changed.",
  }),
  gauge(
    "clickscribe_oldest_undelivered_seconds",
    "Age of the oldest change that the operator should have brought to the source branch, 0 while there is none.",
    { labels: capture, watch: "More than a few minutes: the git server does not take what it is sent." },
  ),
  gauge("clickscribe_undelivered_changes", "Changes that are not on the source branch yet.", {
    labels: capture,
    watch: "A number that grows: the git server is slower than people are.",
  }),
  gauge("clickscribe_deletions_waiting", "Deletions that wait for a person's confirmation.", {
    labels: capture,
    watch: "Anything but 0.",
  }),
  gauge(
    "clickscribe_last_push_timestamp_seconds",
    "When the git server last accepted a push for the Capture, since this process began; absent until then.",
    { labels: capture, watch: "Of use beside clickscribe_changes_total: without changes there is no push." },
  ),
  gauge("clickscribe_skipped_objects", "Objects left out of Git.", {
    labels: { reason: Object.keys(skipReasons) },
    watch: "A sudden rise: somebody edits what does not go to Git.",
  }),
  counter("clickscribe_changes_total", "Changes of objects seen in the cluster, deletions excepted.", {
    labels: { kind: "the object's kind", verdict: ["Kept", "Skipped"] },
    watch: "Far more of one kind than people make: a controller writes to its spec; exclude it.",
  }),
  counter("clickscribe_coalesced_changes_total", "Changes that the same author's next one overtook before a commit.", {
    labels: { kind: "the object's kind" },
  }),
  counter("clickscribe_attribution_total", "Changes by how their author was found.", {
    labels: { rung: ["Admission", "Audit", "FieldManager", "None", "Operator"] },
    watch: "`None`, while clickscribe_attributing is 1.",
  }),
  counter("clickscribe_commits_total", "Commits that a server accepted on the source branch.", {
    labels: { ref: ["source"] },
  }),
  counter("clickscribe_pushes_total", "Pushes by what the server answered.", {
    labels: { outcome: ["Accepted", "Refused", "Stale", "Lost"] },
    watch:
      "`Refused`: the branch is protected, or the credentials may not write. `Stale`: somebody else pushed in between, it was decided again. `Lost`: no answer came, the next fetch tells.",
  }),
  counter("clickscribe_git_requests_total", "Requests to git servers by what became of them.", {
    labels: { git_service: ["upload-pack", "receive-pack"], outcome: ["Answered", ...Object.keys(conditionReasons)] },
    watch: "`RemoteUnreachable` that goes on, `AuthenticationFailed` at all.",
  }),
  counter(
    "clickscribe_capture_failures_total",
    "Attempts of a Capture to start, to look or to push that did not come through.",
    {
      labels: { reason: Object.keys(conditionReasons) },
      watch: "Any that go on. `InternalError` always.",
    },
  ),
  histogram("clickscribe_push_seconds", "How long a delivery with a push took.", deliveryBuckets, {
    watch: "Seconds: the git server is slow, or far.",
  }),
  histogram(
    "clickscribe_commit_latency_seconds",
    "From the sight of a change until a server accepted its commit.",
    deliveryBuckets,
    { watch: "More than spec.batching plus a push." },
  ),
  histogram(
    "clickscribe_circle_seconds",
    "From the sight of a change until Argo CD or Flux had applied its commit.",
    deliveryBuckets,
    { labels: { consumer: ["ArgoCD", "Flux"] }, watch: "Minutes: they look by themselves only; allow rbac.refresh." },
  ),
  counter("clickscribe_consumer_requests_total", "Requests to Argo CD and Flux to look at the branch now.", {
    labels: { consumer: ["ArgoCD", "Flux"], outcome: ["Sent", "Denied", "Failed"] },
    watch: "`Denied`: rbac.refresh is not allowed, they look by themselves. `Failed` that goes on.",
  }),
  counter("clickscribe_pauses_total", "Applications of Argo CD paused for the moment of a click (spec.protect)."),
  counter("clickscribe_reverts_total", "Changes of people that who applies from Git put back before it knew them.", {
    labels: { consumer: ["ArgoCD", "Flux", "Other"] },
    watch: "A sudden rise: somebody and a consumer change the same fields in turns.",
  }),
  histogram(
    "clickscribe_revert_seconds",
    "How long changes were gone that had been put back, until they came again.",
    deliveryBuckets,
    { labels: { consumer: ["ArgoCD", "Flux", "Other"] }, watch: "Minutes: allow rbac.refresh." },
  ),
  counter("clickscribe_watch_events_total", "Events that watches brought.", {
    labels: { kind: "the object's kind", type: ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"] },
    watch: "`MODIFIED` of one kind far above clickscribe_changes_total: somebody writes its status all the time.",
  }),
  histogram("clickscribe_list_seconds", "How long a whole list of a kind took.", deliveryBuckets, {
    labels: { kind: "the object's kind" },
    watch: "Many, or slow ones: watches end before they can go on from where they were.",
  }),
  counter("clickscribe_watch_restarts_total", "Watches opened anew.", {
    labels: { kind: "the object's kind", reason: ["idle", "broken", "expired"] },
    watch: "`broken` or `idle` all the time: something between operator and API server cuts connections.",
  }),
  counter("clickscribe_watch_failures_total", "Lists and watches that failed.", {
    watch: "Any that go on: changes are not seen while they do.",
  }),
  counter("clickscribe_watch_subscriber_errors_total", "Exceptions of those to whom changes were told.", {
    watch: "Anything but 0 is a bug.",
  }),
  gauge("clickscribe_attributing", "1 while the API server reaches the admission webhook; absent without a webhook.", {
    watch: "0: authors are unknown.",
  }),
  gauge(
    "clickscribe_webhook_certificate_expiry_timestamp_seconds",
    "When the certificate ends that the webhook serves with, in seconds since the epoch; absent without a webhook.",
    { watch: "Less than a week away: it should have been renewed long before." },
  ),
  counter("clickscribe_admission_reviews_total", "Admission reviews answered.", {
    labels: { operation: ["CREATE", "UPDATE", "DELETE", "other"] },
  }),
  histogram("clickscribe_admission_seconds", "How long an admission review took to answer.", requestBuckets, {
    watch: "Milliseconds: people wait that long with each edit.",
  }),
  counter(
    "clickscribe_relayed_reviews_total",
    "Admission reviews that a replica which stands by handed on to the one that writes.",
    { labels: { outcome: ["Passed", "Failed"] }, watch: "`Failed`: their changes have no author." },
  ),
  gauge("clickscribe_facts", "Facts of admission reviews that no change has confirmed yet."),
  counter("clickscribe_alerts_total", "Messages of Notifiers that their services took.", {
    labels: { step: ["Post", "Update", "Repeat"] },
  }),
  counter("clickscribe_alert_failures_total", "Attempts of Notifiers to tell somebody that did not come through.", {
    labels: { reason: Object.keys(conditionReasons) },
    watch: "Any that go on: people are not told of drift. Nothing else is held up.",
  }),
  counter("clickscribe_alert_presses_total", "Buttons that people pressed on messages of Notifiers.", {
    labels: { action: ["Keep", "Undo"] },
  }),
  counter("clickscribe_events_total", "Kubernetes Events, those included that the rate limit left out.", {
    labels: { reason: Object.keys(eventReasons) },
  }),
];

type Rest = Partial<Pick<MetricDeclaration, "labels" | "watch">>;

function counter(name: string, help: string, { labels = {}, watch = "" }: Rest = {}): MetricDeclaration {
  return { name, type: "counter", help, labels, watch };
}

function gauge(name: string, help: string, { labels = {}, watch = "" }: Rest = {}): MetricDeclaration {
  return { name, type: "gauge", help, labels, watch };
}

function histogram(
  name: string,
  help: string,
  buckets: readonly number[],
  { labels = {}, watch = "" }: Rest = {},
): MetricDeclaration {
  return { name, type: "histogram", help, labels, watch, buckets };
}
