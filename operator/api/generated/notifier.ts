// Generated from crds/ by `npm run generate`.
import type { ObjectMeta } from "../object-meta.ts";

/**
 * Tells people of drift: in a channel of Slack, or by a request to a webhook. It tells of the Captures of its own
 * namespace; in the operator's namespace, of those of all namespaces.
 */
export interface Notifier {
  /**
   * Always clickscribe.dev/v1alpha1.
   */
  readonly apiVersion: "clickscribe.dev/v1alpha1";
  /**
   * Always Notifier.
   */
  readonly kind: "Notifier";
  readonly metadata: ObjectMeta;
  readonly spec: NotifierSpec;
  readonly status?: NotifierStatus;
}
/**
 * Whom it tells, of what, and where.
 */
export interface NotifierSpec {
  /**
   * Slack: a message per object and episode of drift, brought up to date as it changes. Webhook: a CloudEvent
   * (structured, JSON) for each change, signed where the Secret has a token.
   */
  readonly type: "Slack" | "Webhook";
  /**
   * The channel of Slack, by id or by name; the app must be a member. Required with a bot token; an incoming
   * webhook has its own.
   * Example: C0123456789
   */
  readonly channel?: string;
  readonly secretRef: NotifierSpecSecretRef;
  /**
   * Where the methods of Slack's Web API are.
   * Default: https://slack.com/api
   * Example: https://slack-gov.com/api
   */
  readonly apiUrl?: string;
  readonly captures?: NotifierSpecCaptures;
  /**
   * Warning: all drift. Error: what a person has to decide, as cluster and Git contradict each other.
   * Default: Warning
   */
  readonly minSeverity?: "Warning" | "Error";
  /**
   * What still drifts is told again after this long: a Go duration from 1m; 0s: it is not.
   * Default: 24h
   */
  readonly repeatAfter?: string;
  readonly links?: NotifierSpecLinks;
  readonly buttons?: NotifierSpecButtons;
  /**
   * Sends nothing. What drifts meanwhile is told afterwards, if it still does.
   * Default: false
   */
  readonly suspend?: boolean;
}
/**
 * The Secret of its namespace. Slack: token (a bot token, xoxb-..., with the scope chat:write), or address (the URL
 * of an incoming webhook, which can neither update a message nor answer in a thread). Webhook: address,
 * and token, the key of the HMAC-SHA256 over the body that the header X-Signature carries as sha256=HEX. For
 * buttons also appToken, an app-level token (xapp-...) with the scope connections:write; or signingSecret, where
 * Slack is to post to /slack/NAMESPACE/NAME of the operator's port of metrics.
 */
export interface NotifierSpecSecretRef {
  /**
   * Name of the Secret.
   * Example: slack
   */
  readonly name: string;
}
/**
 * Which Captures it tells of: those that both fields admit.
 * Default: all
 */
export interface NotifierSpecCaptures {
  /**
   * Their names.
   * Default: any
   *
   * Items: The name of a Capture.
   */
  readonly names?: readonly string[];
  /**
   * Labels that they carry.
   * Default: any
   */
  readonly matchLabels?: {
    readonly [k: string]: string;
  };
}
/**
 * What messages link to. Placeholders are filled in percent-encoded.
 */
export interface NotifierSpecLinks {
  /**
   * An object in a dashboard: {cluster}, {namespace}, {group}, {kind}, {resource} and {name} are filled in.
   * Example: https://headlamp.example.com/c/{cluster}/{resource}/{namespace}/{name}
   */
  readonly object?: string;
  /**
   * A file of the repository: {branch} and {path} are filled in.
   * Example: https://git.example.com/acme/platform/src/branch/{branch}/{path}
   */
  readonly file?: string;
}
/**
 * The buttons Keep and Undo on messages about one object. They come back by Socket Mode, a connection that
 * the operator opens, or by signed requests of Slack. Keep writes what the cluster has to Git; it takes the right to patch the Capture. Undo
 * brings the object back to what Git has; it takes the right to update the object, and the operator's own,
 * which the chart gives by rbac.undo.
 */
export interface NotifierSpecButtons {
  /**
   * Who may press them, and who they are in the cluster.
   */
  readonly people: readonly NotifierSpecButtonsPeopleItem[];
}
/**
 * One person.
 */
export interface NotifierSpecButtonsPeopleItem {
  /**
   * Their member ID in Slack.
   * Example: U0123ABCDEF
   */
  readonly slack: string;
  /**
   * Their user name in the cluster; the API server is asked what that user may do.
   */
  readonly user: string;
  /**
   * Their groups in the cluster.
   * Default: none
   *
   * Items: The name of a group.
   */
  readonly groups?: readonly string[];
}
/**
 * Whether what it was to tell was taken.
 */
export interface NotifierStatus {
  /**
   * The generation of the spec that this status is about.
   */
  readonly observedGeneration?: number;
  /**
   * When the service took something last.
   */
  readonly lastSentAt?: string;
  /**
   * Captures that do not work, of which it told.
   */
  readonly told?: readonly NotifierStatusToldItem[];
  /**
   * Ready: whether what is to be told is taken, and why not, in the service's own words.
   */
  readonly conditions?: readonly NotifierStatusConditionsItem[];
}
/**
 * One such Capture.
 */
export interface NotifierStatusToldItem {
  /**
   * Its namespace and name.
   */
  readonly capture: string;
  /**
   * Why it does not work, in one word of the closed list in docs/errors.md.
   */
  readonly reason: string;
  /**
   * What the service calls the message.
   */
  readonly handle: string;
  /**
   * Since when it does not work.
   */
  readonly since: string;
}
/**
 * One aspect of the state, as in metav1.Condition.
 */
export interface NotifierStatusConditionsItem {
  /**
   * The aspect.
   */
  readonly type: string;
  /**
   * Whether it holds.
   */
  readonly status: "True" | "False" | "Unknown";
  /**
   * Why, in one word of the closed list in docs/errors.md.
   */
  readonly reason: string;
  /**
   * Why, for people, with what to do.
   */
  readonly message: string;
  /**
   * The generation of the spec that this condition is about.
   */
  readonly observedGeneration?: number;
  /**
   * When status last changed.
   */
  readonly lastTransitionTime: string;
}
