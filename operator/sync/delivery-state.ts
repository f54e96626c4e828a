/** What one capture holds between two pushes. Everything here may be lost at any await and is read back from the record. */
import type { RefusalReason } from "../api/reasons.ts";
import type { Looked } from "../drift/book.ts";
import { parseDrift } from "../drift/drift-file.ts";
import type { Layout } from "../layout/place.ts";
import type { ObjectReader } from "../manifest/object-reader.ts";
import type { ParsedFile } from "../manifest/parse-manifests.ts";
import type { Repository, Signer } from "../ports.ts";
import type { People } from "../record/people.ts";
import type {
  BlobId,
  CommitId,
  FieldConflict,
  Identity,
  JsonObject,
  Manifest,
  OnConflict,
  Recorded,
  RecordMeta,
  RefName,
  RepoPath,
  State,
  WindowEntry,
} from "../values.ts";
import type { Composition } from "./compose.ts";
import type { Projection } from "./projection.ts";
import type { DefaultsProver } from "./prover.ts";
import type { RecordView } from "./record-view.ts";
import type { SourceView } from "./source-view.ts";
import type { SchemaOf } from "./weigh-objects.ts";

/** What commits are made with, as last read: another ConfigMap or key does not end a session. */
export interface Committing {
  readonly people: People;
  readonly signer: Signer | undefined;
}

/** Detect: only what a person keeps goes to the source branch. ReadOnly: nothing ever does. */
export type Delivery = "Push" | "Detect" | "ReadOnly";

/** Why nothing is written by itself; undefined: it is. */
export function holdOf(delivery: Delivery): "DetectOnly" | "ReadOnly" | undefined {
  return delivery === "Push" ? undefined : delivery === "Detect" ? "DetectOnly" : "ReadOnly";
}

/** What the spec says, resolved: constant for the life of a session, but for what useRemote replaces. */
export interface Target extends Committing {
  readonly repository: Repository;
  /** Where the record stands: the same Repository, unless the GitRemote says otherwise. */
  readonly recordRepository: Repository;
  readonly delivery: Delivery;
  readonly driftAfterMs: number;
  /** Somebody applies this path from Git. */
  readonly isConsumed: boolean;
  readonly reader: ObjectReader;
  /** undefined: defaults are kept. */
  readonly prover: Pick<DefaultsProver, "form"> | undefined;
  readonly cluster: string;
  readonly capture: { readonly namespace: string; readonly name: string };
  readonly recordRef: RefName;
  readonly sourceRef: RefName;
  readonly branch: string;
  readonly path: RepoPath;
  readonly layout: Layout;
  readonly onConflict: OnConflict;
  /** Users that apply from Git, besides Argo CD and Flux. */
  readonly appliers: readonly string[];
  readonly schemaOf: SchemaOf;
  readonly prune: { readonly mode: "Delete" | "Keep"; readonly confirmAbove: number };
  readonly committer: { readonly name: string; readonly email: string };
  readonly commitAuthor: "Person" | "Committer";
  readonly emailTemplate: string | undefined;
  readonly subjectTemplate: string | undefined;
  /** Written to the record; its `sourceCommit` is filled in with each push. */
  readonly meta: RecordMeta;
}

export interface Attention {
  readonly identity: Identity;
  readonly state: State | "Pending";
  readonly reason: RefusalReason | undefined;
  readonly detail: string;
  /** Fields that both sides changed to different values. */
  readonly conflicts?: readonly FieldConflict[];
}

export interface Refusal {
  readonly message: string;
  /** How often the branch was refused in a row. */
  readonly attempts: number;
  /** Milliseconds since the epoch at which it is tried again. */
  readonly until: number;
}

/**
 * What a push holds. Where its answer does not arrive, the next fetch tells what became of it; what came in meanwhile was
 * no part of it.
 */
export interface Attempt {
  readonly composition: Composition;
  readonly meta: RecordMeta;
  /** As `meta/drift.json` says it then; "": there is none. */
  readonly drift: string;
  readonly recordTo: CommitId | undefined;
  readonly fresh: ReadonlySet<WindowEntry>;
  readonly applied: ReadonlyMap<string, JsonObject>;
  readonly rebased: ReadonlyMap<string, Manifest>;
  /** Keys of objects that had left the scope. */
  readonly released: ReadonlySet<string>;
}

/** What a person did to the source branch besides committing to it. */
export interface SourceMove {
  readonly move: "Rewritten" | "Deleted";
  readonly before: CommitId;
  readonly tip: CommitId | undefined;
}

/** What both sides last agreed on; `base` undefined: that the object is gone. */
export interface Agreed extends Pick<Recorded, "base" | "source"> {
  /** Of its blobs that no repository need have. */
  readonly texts?: ReadonlyMap<BlobId, string>;
}

export interface DeliveryState {
  record: RecordView;
  source: SourceView;
  atomic: boolean;
  readonly projection: Projection;
  readonly parsed: Map<BlobId, ParsedFile>;
  /** `GROUP/KIND` of what is captured now. */
  watched: ReadonlySet<string>;
  /** Taken from the window, not accepted into the record yet; in order. */
  fresh: WindowEntry[];
  /** In the record's `live`, not on the source branch; in order. */
  undelivered: WindowEntry[];
  /** How Argo CD or Flux left objects last that they changed since both sides were in step, by key. */
  readonly applied: Map<string, JsonObject>;
  /** Objects that are not in sync, by key. */
  attention: Map<string, Attention>;
  /**
   * What the source branch carries and the record's `base` and `source` do not say yet, by key: on a server without
   * `atomic` they follow with the record's next push.
   */
  readonly carried: Map<string, Agreed>;
  /** Objects that read otherwise than recorded though nobody changed them, by key: the record is brought in step. */
  readonly rebased: Map<string, Manifest>;
  /** Objects that left the scope, by key: their record entry goes, their file stays. */
  released: Map<string, Identity>;
  /** Entries of a cluster that this one replaced, once a person accepted it. */
  discard: readonly Identity[];
  refusal: Refusal | undefined;
  attempt: Attempt | undefined;
  /** What has drifted, and since when what has not yet is not in sync. */
  drift: Pick<Looked, "book" | "waiting" | "nextAt">;
  /** Not told yet. */
  sourceMove: SourceMove | undefined;
  /** The refs must be asked for again before the next push. */
  stale: boolean;
  /** Files stand on the branch that the record vouches for no more, and that were not read: it is, before the next push. */
  unread: boolean;
  deletionsDelivered: number[];
  deletionsWaiting: { readonly count: number; readonly token: string; readonly keys: readonly string[] } | undefined;
}

/** With nothing known to be on its way. */
export function newDeliveryState(
  read: Pick<DeliveryState, "record" | "source" | "atomic" | "projection" | "discard">,
): DeliveryState {
  return {
    ...read,
    parsed: new Map(),
    watched: new Set(),
    fresh: [],
    undelivered: [],
    applied: new Map(),
    attention: new Map(),
    carried: new Map(),
    rebased: new Map(),
    released: new Map(),
    refusal: undefined,
    attempt: undefined,
    drift: { book: parseDrift(read.record.drift), waiting: new Map(), nextAt: undefined },
    sourceMove: undefined,
    stale: false,
    unread: false,
    deletionsDelivered: [],
    deletionsWaiting: undefined,
  };
}
