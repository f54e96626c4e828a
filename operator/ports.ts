/** The whole outside world on one page: types only. Each port is kept small, reading apart from writing. */
import type { EventReason } from "./api/reasons.ts";
import type { Failure } from "./failures.ts";
import type {
  AdmissionFact,
  Alert,
  AlertAction,
  Author,
  BlobId,
  ClusterChange,
  Commit,
  CommitDraft,
  CommitId,
  JsonObject,
  Kind,
  Listing,
  PushOutcome,
  RefName,
  RefUpdate,
  Tree,
} from "./values.ts";

// ---------------------------------------------------------------- the Kubernetes API

export interface Scope {
  readonly kind: Kind;
  /** "" is all namespaces (or a cluster-scoped kind). */
  readonly namespace: string;
}

export interface Discovery {
  /** One entry per served kind, in the group's preferred version. */
  readonly kinds: readonly Kind[];
  /** Groups whose discovery failed (an aggregated API that is down): their kinds are unknown, not gone. */
  readonly unavailable: readonly string[];
  /** What people type for a kind beside its plural, singular first (`deployment`, `deploy`), by `GROUP/KIND`. */
  readonly aliases?: ReadonlyMap<string, readonly string[]>;
}

/** What an API server says of itself. */
export interface ServerInfo {
  /** `v1.37.2` */
  readonly version: string;
  /** Its clock, in milliseconds since the epoch and to the second; undefined where it does not tell. */
  readonly date: number | undefined;
}

export interface WatchSubscriber {
  /** `Listed` changes of a list, then `onListing`, then `Event` changes, in the order of the API server per object. */
  onChange(change: ClusterChange): void;
  onListing(listing: Listing): void;
  /** The watch goes on trying; forbidden, not served and unreachable are told once per episode. */
  onFailure(failure: Failure): void;
}

export interface Subscription {
  close(): void;
}

/** The attributes of a SubjectAccessReview (authorization.k8s.io/v1). */
export interface AccessQuestion {
  /** `system:serviceaccount:NAMESPACE:NAME`; undefined asks for the operator itself (SelfSubjectAccessReview). */
  readonly user: string | undefined;
  /** Of a user that is no ServiceAccount. */
  readonly groups?: readonly string[];
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string | undefined;
}

/** What an API server publishes of the kinds of one group version (OpenAPI v3). */
export interface OpenApiDocument {
  /** Another as soon as the document is another. */
  readonly version: string;
  /** Up to megabytes: keep what is needed of it. Throws Failure. */
  read(): Promise<JsonObject>;
}

export interface ClusterReader {
  /** Throws Failure (Retry) when the API server cannot be reached. Answers are cached for seconds. */
  discover(): Promise<Discovery>;
  /** undefined: there is no such object. */
  get(kind: Kind, namespace: string, name: string): Promise<JsonObject | undefined>;
  /** Pages as they arrive; throws Failure when the list cannot be completed. */
  list(scope: Scope): AsyncIterable<ClusterChange>;
  /** Shared: one reflector per (kind, namespace), whoever subscribes. */
  watch(scope: Scope, subscriber: WatchSubscriber): Subscription;
  allowed(question: AccessQuestion): Promise<boolean>;
  /** undefined: the API server publishes none (yet). Throws Failure. */
  openApi(kind: Pick<Kind, "group" | "version">): Promise<OpenApiDocument | undefined>;
}

export interface EventDraft {
  /** The object it is about, raw: apiVersion, kind and metadata are read. */
  readonly about: JsonObject;
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  /** At most 1,024 characters are kept. */
  readonly message: string;
}

export interface ClusterWriter {
  /** Server-side apply of raw JSON with the operator's field manager; `subresource` "status" for status. */
  apply(
    object: JsonObject,
    options?: { readonly subresource?: "status"; readonly dryRun?: boolean },
  ): Promise<JsonObject>;
  /**
   * Puts it in the place of the live object of the same name and resourceVersion. Throws Failure; where the live one has
   * another resourceVersion by now, with `data.status` 409.
   */
  replace(kind: Kind, object: JsonObject, options?: { readonly dryRun?: boolean }): Promise<JsonObject>;
  /** A JSON merge patch (RFC 7396) of an object that is there. Throws Failure. */
  patch(kind: Kind, namespace: string, name: string, change: JsonObject): Promise<JsonObject>;
  /** A create; used dry-run by the webhook's probe. */
  create(object: JsonObject, options?: { readonly dryRun?: boolean }): Promise<JsonObject>;
  /** events.k8s.io/v1; rate-limited and repeated ones counted; never fails and never waits. */
  event(event: EventDraft): void;
}

// ---------------------------------------------------------------- git

export type Credentials =
  | { readonly type: "None" }
  | { readonly type: "Basic"; readonly username: string; readonly password: string }
  | { readonly type: "Bearer"; readonly token: string }
  | GitHubApp
  | SshIdentity;

/** Becomes a token of one hour, made and renewed by the operator. */
export interface GitHubApp {
  readonly type: "GitHubApp";
  readonly appId: string;
  readonly installationId: string;
  /** PEM, RSA. */
  readonly privateKey: string;
  /** `https://api.github.com`, or `https://HOST/api/v3` of GitHub Enterprise Server. */
  readonly apiUrl: string;
}

export interface SshIdentity {
  readonly type: "Ssh";
  readonly username: string;
  /** PEM or OpenSSH's own format; undefined: `password` alone. */
  readonly privateKey: string | undefined;
  /** Of the private key. */
  readonly passphrase: string | undefined;
  /** Of the account. */
  readonly password: string | undefined;
  /** known_hosts of sshd(8); a host that it does not name is refused. */
  readonly knownHosts: string;
}

/** An HTTP proxy that requests (by CONNECT, for https and ssh) go through. */
export interface Proxy {
  /** http or https, without userinfo. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface RemoteAccess {
  /** https or ssh, or http where the operator's flags admit it; without userinfo but for the user name of ssh. */
  readonly url: string;
  readonly credentials: Credentials;
  /** PEM; replaces the well-known authorities. */
  readonly ca: string | undefined;
  /** PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
  readonly proxy?: Proxy | undefined;
  /** Never asks for what only a push needs. */
  readonly readOnly?: boolean;
  readonly timeoutMs: number;
}

export interface SigningKey {
  readonly type: "SSH" | "OpenPGP";
  /** OpenSSH's own format or PEM; an armored OpenPGP private key. */
  readonly privateKey: string;
  readonly passphrase: string | undefined;
}

export interface Signer {
  /** A line as in authorized_keys, or an armored OpenPGP public key. */
  readonly publicKey: string;
  /** `SHA256:...` of OpenSSH, or 40 hexadecimal digits of OpenPGP. */
  readonly fingerprint: string;
  /** The value of a commit's header gpgsig: armored, its lines ended by a line feed. */
  sign(commit: Uint8Array): Promise<string>;
}

export interface Fetched {
  /** The commit of each ref asked for; undefined where the ref does not exist. */
  readonly refs: ReadonlyMap<RefName, CommitId | undefined>;
  /** What the remote's HEAD points to, even if unborn; undefined where the server does not say. */
  readonly head: RefName | undefined;
  /** The server can push several refs all or none. */
  readonly atomic: boolean;
}

/**
 * One remote repository. Every method throws Failure: `AuthenticationFailed`, `RepositoryNotFound`,
 * `CertificateUntrusted`, `UrlForbidden`, `RemoteInvalid` (Stalled), `RemoteUnreachable` (Retry).
 */
export interface RepositoryReader {
  /** Asks the server for the refs and makes the newest commits of those that exist readable. */
  fetch(refs: readonly RefName[]): Promise<Fetched>;
  /** The tree of a commit that was fetched, pushed or drafted; folders below `under` ("" is all) can be read from it. */
  tree(commit: CommitId, under?: string): Promise<Tree>;
  /** Texts of blobs, from memory or by one request for all; UTF-8. Missing ones throw. */
  blobs(ids: Iterable<BlobId>): Promise<ReadonlyMap<BlobId, string>>;
  /** `tip` and at most `limit - 1` of its first-parent ancestors, newest first, their trees readable. */
  history(tip: CommitId, limit: number): Promise<readonly Commit[]>;
  /** Whether `ancestor` is reachable from `tip`, by whatever parents; undefined where the server does not let it be told. */
  isAncestor(ancestor: CommitId, tip: CommitId): Promise<boolean | undefined>;
}

export interface RepositoryWriter {
  /** Builds a commit in memory on top of a fetched, pushed or drafted one. Nothing is sent. */
  commit(draft: CommitDraft, signer?: Signer): Promise<CommitId>;
  /**
   * Sends exactly what the server lacks. With `atomic` (only where fetched so), all refs move or none.
   * A thrown Failure leaves the outcome unknown: fetch again and compare.
   */
  push(updates: readonly RefUpdate[], options: { readonly atomic: boolean }): Promise<PushOutcome>;
}

export interface Repository extends RepositoryReader, RepositoryWriter {}

export interface Repositories {
  /** The same URL and credentials give the same Repository. */
  open(access: RemoteAccess): Repository;
  /** One that nobody else sees, and that is gone with the process. */
  inMemory(): Repository;
  /** Throws Failure SecretInvalid where the key or its passphrase is none. */
  signer(key: SigningKey): Promise<Signer>;
}

// ---------------------------------------------------------------- attribution

/** Where the admission webhook puts what it saw. Cheap: it is on the path of an API request. */
export interface FactSink {
  add(fact: AdmissionFact): void;
}

export interface Attribution {
  /**
   * Who made this change. `cleaned` is the object that the change became, by the rules alone; undefined for a Delete.
   * Facts are consumed by the change they confirm.
   */
  attribute(change: ClusterChange, cleaned: JsonObject | undefined): Author;
}

// ---------------------------------------------------------------- chats

export type MessengerAccess =
  | {
      readonly type: "Slack";
      /** A bot token. */
      readonly token: string;
      readonly channel: string;
      /** `https://slack.com/api` */
      readonly apiUrl: string;
      /** An app-level token: what is pressed comes in over a connection that we open. */
      readonly appToken?: string | undefined;
      /** What is pressed comes in by requests that this signs. */
      readonly signingSecret?: string | undefined;
    }
  | { readonly type: "SlackWebhook"; readonly url: string }
  | {
      readonly type: "Webhook";
      readonly url: string;
      /** Of the HMAC; undefined: requests are not signed. */
      readonly key: string | undefined;
    };

/** One place where people are told something; every method throws Failure AlertRefused, AlertUnreachable, UrlForbidden. */
export interface Messenger {
  /** Whether the service knows who we are, as far as it can be asked without telling anybody something. */
  check(): Promise<void>;
  /** Answers what the service calls the message; "": it can be neither updated nor answered to. */
  post(alert: Alert, id: string): Promise<string>;
  /** Brings a message up to date; where it says that all is over, whoever follows it is told. Answers as `post` does. */
  update(alert: Alert, id: string, handle: string): Promise<string>;
  /** Says again what a message says. */
  repeat(alert: Alert, id: string, handle: string): Promise<void>;
}

/** A button that somebody pressed on a message. */
export interface AlertPress {
  /** As the service names them. */
  readonly who: string;
  readonly action: AlertAction;
  /** Of the episode. */
  readonly id: string;
  /** What the cluster had of the object when the message was written; "": nothing. */
  readonly live: BlobId;
  /** To whoever pressed it alone; never fails. */
  reply(text: string): Promise<void>;
}

export interface PressListener {
  onPress(press: AlertPress): void;
  /** Why nothing that is pressed arrives; undefined: it does. Told when it changes. */
  onState(failure: Failure | undefined): void;
}

/** What a service posts of a pressed button, as it came. */
export interface SignedRequest {
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
}

export interface Messengers {
  /** Throws Failure UrlForbidden. */
  open(access: MessengerAccess): Messenger;
  /** Until it is closed. Does nothing where buttons have no way back. */
  listen(access: MessengerAccess, listener: PressListener): { close(): Promise<void> };
  /** What a request tells of; undefined: it is not signed by this service, or not just now. */
  readPresses(access: MessengerAccess, request: SignedRequest): readonly AlertPress[] | undefined;
}

// ---------------------------------------------------------------- the process

export interface Cancel {
  (): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `work` once after `ms`, unless cancelled. */
  after(ms: number, work: () => void): Cancel;
  /** In [0, 1): jitter comes from here, so that tests can fix it. */
  random(): number;
}

export interface Log {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

/** Names and labels are declared once in telemetry/; an undeclared one throws in tests. */
export interface Meter {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, labels: Readonly<Record<string, string>>, value: number): void;
  observe(name: string, labels: Readonly<Record<string, string>>, seconds: number): void;
}

/** Everything that one gauge shows; what is not in it is gone. */
export interface GaugeSeries {
  readonly name: string;
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}
