/**
 * The values that flow through Clickscribe, in the order in which a change passes them:
 *
 *   ClusterChange -> Kept | Skipped -> Manifest -> Recorded -> Decision -> ChangeSet -> CommitId -> PushOutcome -> Report
 *
 * Types only, all readonly. The name of a value tells where a change is.
 */
import type { DriftSort, RefusalReason, SkipReason } from "./api/reasons.ts";

// ---------------------------------------------------------------- JSON

/**
 * JSON as the API server sent it, without loss. A number that an IEEE double cannot carry in its own spelling
 * (integers past 2^53) is a `Verbatim`. Keys are own properties, `__proto__` among them: read a key that you did not
 * choose with `Object.hasOwn`, and write one with manifest/put.ts.
 */
export type Json = null | boolean | number | string | Verbatim | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
/** A JSON number kept in its source spelling. */
export interface Verbatim {
  readonly verbatim: string;
}

// ---------------------------------------------------------------- what is watched

/** A served kind, from discovery. `resource` is the plural in URLs; `group` is "" for the core group. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Served subresources that change the spec and are reviewed under their own name: at most `scale`. */
  readonly subresources: readonly string[];
}

/** Names one object whatever version it is served in. `namespace` is "" for cluster-scoped kinds. */
export interface Identity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** How sure the cluster is of a change: a watch event, or presence in a complete list. Absence is `Listing.complete`. */
export type Evidence = "Event" | "Listed";

/** One object as the cluster now has it (or last had it, for a Delete). */
export interface ClusterChange {
  readonly type: "Upsert" | "Delete";
  readonly identity: Identity;
  readonly kind: Kind;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The resourceVersion that this reflector saw before this event; undefined when it had not seen the object. */
  readonly previousResourceVersion: string | undefined;
  readonly evidence: Evidence;
  /** The raw object, `metadata.managedFields` included. For a Delete, its last state. */
  readonly object: JsonObject;
  /** Milliseconds since the epoch at which it arrived here. */
  readonly seenAt: number;
}

/** A complete, authorised list of one kind in one scope has been delivered as `Listed` changes; what it did not name is absent. */
export interface Listing {
  readonly type: "Complete";
  readonly kind: Kind;
  /** "" is all namespaces. */
  readonly namespace: string;
  /** `identityKey` of every object in the list. */
  readonly keys: ReadonlySet<string>;
  readonly resourceVersion: string;
  /** It held what names no object: any of those that it did not name may be there all the same. */
  readonly isPartial?: true;
}

// ---------------------------------------------------------------- manifest/

export type Filtered =
  | { readonly verdict: "Kept" }
  | { readonly verdict: "Skipped"; readonly reason: SkipReason; readonly detail: string };

/** A cleaned object in its canonical form. The same object gives the same `text`, byte for byte. */
export interface Manifest {
  readonly identity: Identity;
  readonly apiVersion: string;
  readonly content: JsonObject;
  /** Canonical YAML, UTF-8, ending in one newline. */
  readonly text: string;
  /** The git blob id of `text`. */
  readonly blob: BlobId;
  /** With the defaults that `content` leaves out, where it does and they are known. */
  readonly full?: JsonObject;
}

// ---------------------------------------------------------------- git

/** 40 lowercase hexadecimal digits (SHA-1 object format). */
export type ObjectId = string;
export type CommitId = ObjectId;
export type BlobId = ObjectId;
/** A full ref name, such as `refs/heads/main`. */
export type RefName = string;
/** A slash-separated path in a repository, without leading or trailing slash; made by layout/path.ts and record/ only. */
export type RepoPath = string;

export interface TreeEntry {
  /** `100644`, `100755`, `120000` (symlink), `160000` (submodule), `40000` (folder). */
  readonly mode: string;
  readonly oid: ObjectId;
}

/** A commit's tree, read-only and in memory. Paths are slash-separated without leading or trailing slash; "" is the root. */
export interface Tree {
  entry(path: string): TreeEntry | undefined;
  /** The direct entries of a folder by name; empty where there is no such folder. */
  list(folder: string): ReadonlyMap<string, TreeEntry>;
  /** Every entry below a folder that is not itself a folder, with its full path, in git's order. */
  files(folder: string): IterableIterator<readonly [path: string, entry: TreeEntry]>;
}

/** One file to change in a tree: new text, an object that the repository already has, or null to remove the file. */
export interface FileChange {
  readonly path: RepoPath;
  readonly content: string | { readonly blob: BlobId } | null;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Seconds since the epoch; commits are written in UTC. */
  readonly at: number;
}

export interface Commit {
  readonly id: CommitId;
  readonly parents: readonly CommitId[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** A commit to be made: `parent` undefined makes a root commit. */
export interface CommitDraft {
  readonly parent: CommitId | undefined;
  readonly changes: readonly FileChange[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** Moves one ref; `from` undefined creates it. Always a compare-and-swap on `from`, never forced. */
export interface RefUpdate {
  readonly ref: RefName;
  readonly from: CommitId | undefined;
  readonly to: CommitId;
}

/** What the server answered for one ref. */
export type RefOutcome =
  | { readonly outcome: "Accepted" }
  /** The server's own words for it, e.g. `pre-receive hook declined` with the hook's output. Credentials redacted. */
  | { readonly outcome: "Refused"; readonly message: string }
  /** The ref is no longer at `from`. */
  | { readonly outcome: "Stale" }
  /** Not tried, or rolled back, because another ref of the same atomic push failed. */
  | { readonly outcome: "RolledBack" };

/** Answers per ref, keyed by ref name; one for each update sent. */
export type PushOutcome = ReadonlyMap<RefName, RefOutcome>;

// ---------------------------------------------------------------- record/

/** What the record holds of one object. `live` undefined: gone from the cluster. `base` undefined: never in step. */
export interface Recorded {
  readonly live: BlobId | undefined;
  readonly base: BlobId | undefined;
  /** The files that the source branch yielded it from when `base` was set, with their blobs. Today exactly one, later more. */
  readonly source: readonly SourceFile[];
}
export interface SourceFile {
  readonly path: RepoPath;
  readonly blob: BlobId;
}

/** `meta/record.json`. */
export interface RecordMeta {
  /** Of the record's format; a reader refuses a newer one. */
  readonly format: number;
  /** Of the cleaning rules. */
  readonly rules: number;
  readonly cluster: { readonly name: string /** UID of the namespace kube-system. */; readonly uid: string };
  readonly capture: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** UID by name of each captured namespace. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly remote: string;
  readonly branch: string;
  readonly path: RepoPath;
  /** The commit of the source branch that `base` and `source` were last compared with. */
  readonly sourceCommit: CommitId | undefined;
}

// ---------------------------------------------------------------- merge/

/** One side of an object, compared by the bytes of its canonical text. */
export type Side = BlobId | undefined;

export type State = "InSync" | "ClusterAhead" | "GitAhead" | "Diverged" | "Applying";

/** Who wins a field that both sides changed to different values. Hold: neither, a person is told. */
export type OnConflict = "Hold" | "ClusterWins" | "GitWins";

/** A field that both sides changed to different values; `path` as in FieldChange. */
export interface FieldConflict {
  readonly path: string;
  readonly base: Json | undefined;
  readonly live: Json | undefined;
  readonly source: Json | undefined;
}

/** What stays open once an object was delivered as far as it can be. */
export interface Open {
  readonly state: State;
  readonly detail: string;
  /** Why it is Diverged. */
  readonly conflicts?: readonly FieldConflict[];
}

/** A state of an object brought into what its document on the source branch says. */
export interface Merged {
  /** What the document is to say. */
  readonly content: JsonObject;
  /** Whether that is another than it says now. */
  readonly delivers: boolean;
  /** Whatever became of them. */
  readonly conflicts: readonly FieldConflict[];
  readonly open: Open | undefined;
  /** What the record's `base` is to say then; undefined: the state itself. */
  readonly base: JsonObject | undefined;
  /** What the record is to say of the source then; undefined: what its document is to say. */
  readonly then: JsonObject | undefined;
}
export type Merge = (live: Manifest) => Merged;

/** What is to be done about one object, decided by pure code from the record, the cluster and the source branch. */
export type Decision =
  /** Nothing to bring anywhere. */
  | { readonly action: "None"; readonly state: State; readonly detail: string }
  /** The record does not know yet what both sides agree on: `base` and `source` move, the source branch does not. */
  | {
      readonly action: "Settle";
      readonly source: readonly SourceFile[];
      readonly base: JsonObject | undefined;
      readonly then: JsonObject | undefined;
      readonly open: Open | undefined;
      /** What `onConflict` decided. */
      readonly decided?: readonly FieldConflict[];
    }
  /** The source branch lost it and the cluster too, or the record holds what exists nowhere: the entry goes. */
  | { readonly action: "Forget" }
  /** To be brought to the source branch. `merge` undefined: as a whole, or removed. */
  | {
      readonly action: "Deliver";
      readonly open: Open | undefined;
      readonly merge: Merge | undefined;
      /** What `onConflict` decided. */
      readonly decided?: readonly FieldConflict[];
    };

// ---------------------------------------------------------------- attribution/

/** Who made a change. `None` is the value of "unknown": it names nobody, though it may name candidates. */
export type Author =
  | {
      readonly rung: "Admission" | "Audit" | "FieldManager";
      readonly person: string;
      readonly groups: readonly string[];
      /** The client as far as known, e.g. the field manager `kubectl-edit`, `Mozilla`. */
      readonly tool: string | undefined;
      readonly evidence: string;
    }
  | { readonly rung: "None"; readonly candidates: readonly string[]; readonly evidence: string }
  /** Several people one after the other, when there were too many states to keep each of them: nobody says whose is which. */
  | { readonly rung: "Several"; readonly people: readonly string[] }
  /** The operator itself, for first captures and adoptions. */
  | { readonly rung: "Operator" };

/** What one admission review told, before it is confirmed by a watch event. */
export interface AdmissionFact {
  readonly uid: string;
  readonly identity: Identity;
  /** The kind reviewed: `Scale` for the subresource. */
  readonly reviewedKind: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly oldResourceVersion: string | undefined;
  /** As reviewed: raw, uncleaned; undefined for DELETE. */
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly user: string;
  readonly groups: readonly string[];
  readonly at: number;
  /** Of the whole review as it came, in bytes. */
  readonly size: number;
}

// ---------------------------------------------------------------- windows and commits

/** Who applies from Git: Other is a user that a Capture names. */
export type Applier = "ArgoCD" | "Flux" | "Other";

/** One change in a window: an object's new content (undefined: deleted), by an author, at a time. */
export interface WindowEntry {
  readonly identity: Identity;
  readonly manifest: Manifest | undefined;
  readonly author: Author;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who owns what of it (`metadata.managedFields`); undefined: read back from the record, which does not tell. */
  readonly owners?: readonly JsonObject[];
  /** Who applied that from Git; undefined: somebody changed it. */
  readonly appliedBy?: Applier | undefined;
  /** The raw object, where no event but a list showed that it reads otherwise: perhaps nobody changed it. */
  readonly listed?: { readonly object: JsonObject; readonly kind: Kind };
}

/** Consecutive entries that become one commit. Each object stands in it at most once, with its last content. */
export interface Run {
  readonly author: Author;
  readonly entries: readonly WindowEntry[];
}

/** One object in a commit: what it was and what it is, for the words of the message. */
export interface ObjectChange {
  readonly identity: Identity;
  readonly before: JsonObject | undefined;
  readonly after: JsonObject | undefined;
}

/** One field that changed; `path` is for people (`spec.replicas`, `spec.containers[app].image`). */
export interface FieldChange {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

// ---------------------------------------------------------------- drift/

/** How one object differs now. */
export interface DriftFact {
  readonly identity: Identity;
  readonly sort: DriftSort;
  /** Milliseconds since the epoch at which it began to; undefined: it was only found. */
  readonly since: number | undefined;
  /** Who changed it last in the cluster, and with what, where that is known. */
  readonly by: string | undefined;
  readonly tool: string | undefined;
  /** As the cluster has it now; "": it has none. */
  readonly live: BlobId;
  /** The file that holds it; "": none does. */
  readonly file: BlobId;
}

/** One object that has drifted, from when it was found to have until both sides agree again. */
export interface Episode extends Omit<DriftFact, "since"> {
  readonly id: string;
  /** Milliseconds since the epoch: when it began to differ, and when it was found to have drifted. */
  readonly since: number;
  readonly openedAt: number;
  /** When both sides agreed again: it is kept until everybody was told who knew of it. */
  readonly closedAt?: number;
}

/** A person's word that what the cluster has of an object is to be written to Git. */
export interface Kept {
  readonly identity: Identity;
  /** What the cluster had when it was given: of anything else it does not speak. "": nothing. */
  readonly live: BlobId;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a service was told of one or more episodes, in one message. */
export interface SentAlert {
  readonly id: string;
  /** Of the Notifier: NAMESPACE/NAME. */
  readonly notifier: string;
  /** Ids of the episodes; none once all are over: it counts on, for an hour. */
  readonly episodes: readonly string[];
  /** More episodes may join it. */
  readonly isGroup: boolean;
  /** What the service calls it; "": it can be neither updated nor answered to. */
  readonly handle: string;
  /** Another as soon as it would say something else. */
  readonly digest: string;
  /** Milliseconds since the epoch: when it was sent first, when it was brought up to date, and when it was repeated. */
  readonly at: number;
  readonly updatedAt: number;
  readonly repeatedAt: number;
}

/** What a capture knows of drift and has told: `meta/drift.json` of the record. */
export interface DriftBook {
  /** By identityKey. */
  readonly episodes: ReadonlyMap<string, Episode>;
  /** Over, and not told yet to everybody who knows of them. */
  readonly closed: readonly Episode[];
  readonly sent: readonly SentAlert[];
  /** The last 50. */
  readonly presses: readonly Press[];
  /** By identityKey. */
  readonly kept: ReadonlyMap<string, Kept>;
  /** The annotation by which somebody asked for that last; "": nobody did. */
  readonly keepRequest: string;
}

export type Severity = "Warning" | "Error";
/** Keep: write what the cluster has to Git. Undo: bring the object back to what Git has. */
export type AlertAction = "Keep" | "Undo";

/** What came of a button that somebody pressed. */
export interface Press {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As the service knows who it was, and as the cluster does; "": it does not. */
  readonly who: string;
  readonly user: string;
  readonly action: AlertAction;
  /** `Deployment.apps shop/web` */
  readonly object: string;
  readonly outcome: string;
}

/** One object, as people are told of it. Every text is a user's: whoever shows it escapes it. */
export interface AlertItem {
  /** Of the episode. */
  readonly id: string;
  /** `Deployment.apps shop/web` */
  readonly object: string;
  /** In one word of docs/errors.md, in a sentence, and what to do. */
  readonly sort: string;
  readonly means: string;
  readonly remedy: string;
  readonly severity: Severity;
  /** RFC 3339. */
  readonly since: string;
  readonly by?: string;
  readonly tool?: string;
  /** How both sides differ, from Git to the cluster; values that may be secret left out. */
  readonly fields: readonly string[];
  readonly links: readonly { readonly text: string; readonly url: string }[];
  /** What the cluster has of it; "": nothing. */
  readonly live: BlobId;
  /** What a person can have done about it by pressing a button. */
  readonly actions: readonly AlertAction[];
  /** RFC 3339: since when both sides agree again. */
  readonly resolvedAt?: string;
}

/** What people are told of a Capture in one message. */
export interface Alert {
  readonly cluster: string;
  /** `NAMESPACE/NAME` */
  readonly capture: string;
  readonly branch: string;
  readonly remote: string;
  /** The most severe of those that are open; of all where none is. */
  readonly severity: Severity;
  /** Drift: objects differ from Git. Capture: a Capture does not work. */
  readonly subject: "Drift" | "Capture";
  readonly isResolved: boolean;
  readonly open: number;
  readonly total: number;
  /** The first of them. */
  readonly items: readonly AlertItem[];
}

// ---------------------------------------------------------------- layout/

/** Where an object lives in the source branch. */
export interface Home {
  readonly path: RepoPath;
}

export type Edited =
  | {
      readonly verdict: "Edited";
      readonly changes: readonly { readonly path: RepoPath; readonly content: string | null }[];
      /** How the record names what stands on the branch then. */
      readonly source: readonly SourceFile[];
      /** What the record's `base` says then; undefined: the state that was delivered. */
      readonly base?: BlobId | undefined;
      /** Of blobs above that no repository need have. */
      readonly texts?: ReadonlyMap<BlobId, string>;
      /** The record does not name the files by their blobs: they hold other objects too, or something of this one is open. */
      readonly isShared?: boolean;
    }
  | { readonly verdict: "Refused"; readonly reason: RefusalReason; readonly detail: string };

/** A change on its way to targets: today the source branch; proposal branches later. */
export interface ChangeSet {
  readonly author: Author;
  readonly objects: readonly ObjectChange[];
  readonly files: readonly FileChange[];
  /** The newest time of its entries, in milliseconds since the epoch. */
  readonly at: number;
}

/** How a change reaches the source branch: a value decided by pure code, not a branch in the conductor. */
export type Delivery =
  | { readonly way: "Push" }
  /** Only reported; `until` is when a refused source ref is tried again. */
  | { readonly way: "Report"; readonly until: number | undefined };
