/**
 * Every line that the log can hold, by its message. docs/metrics.md is generated from this file; filters and alerts on
 * logs hold on to these words.
 */

export interface LogEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  /** Whole, as `msg` holds it. */
  readonly message: string;
  /** Names of its fields beside `time`, `level` and `msg`, as `logFields` explains them; `?`: not always there. */
  readonly fields: readonly string[];
  /** What to do, in a sentence; "" where there is nothing to do. */
  readonly remedy: string;
}

/** What a field holds, wherever it stands. */
export const logFields: Readonly<Record<string, string>> = {
  bytes: "the size of what was sent",
  branch: "the source branch",
  capture: "the Capture, `NAMESPACE/NAME`",
  cause: "the likely cause, and what to do",
  cluster: "the value of `--cluster-name`",
  clusterRole: "the value of `--owner-cluster-role`",
  consumer: "the Application, Kustomization or HelmRelease",
  code: "the reason, one of [errors.md](errors.md); of a TLS or HTTP error its code",
  commit: "the newest commit on the source branch",
  commits: "how many commits",
  dropped: "how many so far",
  err: "the error in words, credentials taken out",
  error: "the name of the error",
  holder: "who holds the Lease",
  httpPort: "the port of `/healthz`, `/readyz` and `/metrics`",
  identity: "this replica, as the Lease names it",
  kind: "the kind of the objects",
  lease: "the name of the Lease",
  missing: "the names that are not covered",
  name: "the name of the object, where it is known",
  names: "their names, as far as they are known; at most five",
  namespace: "the namespace; none: all",
  notAfter: "when the certificate ends, RFC 3339",
  notifier: "the Notifier, `NAMESPACE/NAME`",
  objects: "how many",
  problem: "what is wrong with the Secret",
  remote: "the GitRemote, `NAMESPACE/NAME`",
  server: "the URL of the API server",
  stack: "where in the program it happened; for a report",
  status: "the HTTP status that was answered",
  target: "where the API server is told to find the webhook",
  webhookPort: "the webhook's port; 0 without a webhook",
  why: "what is wrong or missing, and what to do",
  writer: "the address of the replica that writes",
};

const retried = "Nothing: it is tried again. If it goes on, do what docs/runbook.md says of `code`.";

export const logEvents: readonly LogEvent[] = [
  info("ready", ["server", "httpPort", "webhookPort", "cluster"]),
  info("stopping: delivering what is known", []),
  info("stopped", []),
  info("standing by until the Lease is held", ["httpPort", "webhookPort"]),
  info("standing by: another replica holds the Lease", ["lease", "holder"]),
  info("holding the Lease", ["lease", "identity"]),
  warn("the Lease could not be asked for", ["lease", "code", "err"], retried),
  warn(
    "the Lease was not given up: the next replica waits until it runs out",
    ["lease", "code", "err"],
    "Nothing: the next replica writes after at most the Lease's duration.",
  ),
  info("delivered to the source branch", ["capture", "branch", "commit", "commits"]),
  warn("a Capture does not work: it is tried again", ["capture", "code", "err"], "See docs/runbook.md, by `code`."),
  warn("a delivery did not come through: it is tried again", ["capture", "code", "err", "stack?"], retried),
  warn(
    "what was waiting is left to the next start",
    ["capture", "code", "err"],
    "Nothing: it is read back from the cluster and the record.",
  ),
  warn("the status of a Capture could not be written", ["capture", "code", "err"], retried),
  warn("the status of a GitRemote could not be written", ["remote", "code", "err"], retried),
  warn("the status of a Notifier could not be written", ["notifier", "code", "err"], retried),
  warn("a pressed button could not be read", ["notifier", "code", "err"], "See docs/runbook.md, by `code`."),
  warn(
    "a Notifier cannot tell anybody: it is tried again",
    ["notifier", "code", "err"],
    "See docs/runbook.md, by `code`.",
  ),
  warn(
    "Captures, GitRemotes or Notifiers cannot be watched",
    ["kind", "code", "err"],
    "Give the operator its rights, or install the CRDs.",
  ),
  warn(
    "what the API server sent is left out",
    ["kind", "namespace", "why", "objects", "names"],
    "Look at what serves this kind: an aggregated API, a conversion webhook or a proxy, most likely. Its files stay as they are.",
  ),
  warn(
    "a kind cannot be listed or watched: it is tried again",
    ["kind", "namespace", "code", "err"],
    "Do what `err` says; the files of the kind stay as they are until then.",
  ),
  warn(
    "what Argo CD or Flux apply cannot be watched",
    ["kind", "code", "err"],
    "Give the operator the right to list and watch it; until then what they apply is taken for managed elsewhere.",
  ),
  error("a subscriber of a watch failed", ["kind", "namespace", "name", "err"], "Report it: it is a bug."),
  warn("a consumer could not be asked to look: it looks by itself", ["consumer", "code", "err"], retried),
  warn(
    "an Application could not be paused or resumed",
    ["consumer", "code", "err"],
    "If it stays paused: kubectl annotate it with argocd.argoproj.io/skip-reconcile- and clickscribe.dev/paused-until-.",
  ),
  debug("whether a commit was applied could not be told", ["code", "err"]),
  debug("events are left out: too many", ["dropped"]),
  debug("an event could not be written", ["err"]),
  debug("the schema of a kind cannot be read", ["kind", "err"]),
  debug("the right to dry-runs is unknown", ["kind", "err"]),
  debug("no dry-run was answered", ["kind", "err"]),
  error("an event could not be made", ["err"], "Report it: it is a bug."),
  info("the API server reaches the admission webhook", ["target"]),
  warn("the API server does not reach the admission webhook", ["target", "cause"], "Do what `cause` says."),
  warn(
    "a review was not handed on: its author may be unknown",
    ["writer", "err"],
    "Let replicas reach each other's webhook port.",
  ),
  warn(
    "the ValidatingWebhookConfiguration could not be put back: if it was deleted, upgrade the Helm release",
    ["err"],
    "An upgrade to the same version makes it again.",
  ),
  info("a new certificate of the webhook is announced to the API server", ["notAfter"]),
  info("the webhook's certificate was renewed", ["notAfter"]),
  info("the authority of the webhook's certificate before is not trusted any more", ["notAfter"]),
  info("the webhook's certificate was over: it is replaced", ["notAfter"]),
  warn("the webhook's certificate was taken away or broken: it is put back", ["problem"], ""),
  warn("the webhook's certificate that is kept cannot be used: it is replaced", ["problem"], ""),
  warn(
    "the webhook's certificate could not be looked after: it is tried again",
    ["code", "err"],
    "Do what `err` says; the one that it has is served meanwhile.",
  ),
  warn(
    "the files of the webhook's certificate cannot be used: the one before is served on",
    ["code", "err"],
    "Do what `err` says of the file; they are read again when they change.",
  ),
  warn(
    "--webhook-certificate: the certificate does not cover every name that the webhook is called by: add them to its dnsNames or ipAddresses",
    ["missing"],
    "Do what it says.",
  ),
  warn(
    "--owner-cluster-role: what the operator makes itself has no owner, and stays when Clickscribe is removed",
    ["clusterRole", "why"],
    "Do what `why` says, and start the operator again.",
  ),
  debug("a request to the webhook was refused", ["status", "code"]),
  debug("no AdmissionReview", ["bytes", "error"]),
];

function debug(message: string, fields: readonly string[]): LogEvent {
  return { level: "debug", message, fields, remedy: "" };
}

function info(message: string, fields: readonly string[]): LogEvent {
  return { level: "info", message, fields, remedy: "" };
}

function warn(message: string, fields: readonly string[], remedy: string): LogEvent {
  return { level: "warn", message, fields, remedy };
}

function error(message: string, fields: readonly string[], remedy: string): LogEvent {
  return { level: "error", message, fields, remedy };
}
