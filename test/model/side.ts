/** The git side of the model: a server with one repository, what people and faults do to it, and what it can tell. */
import type { Clock, Repositories } from "../../operator/ports.ts";
import type { CommitId, RefName } from "../../operator/values.ts";

export interface ModelCommit {
  readonly id: CommitId;
  readonly parents: readonly CommitId[];
  readonly author: string;
  readonly committer: string;
  /** Text by path of what differs from the first parent, and what was there before; undefined: no file. */
  readonly changes: readonly {
    readonly path: string;
    readonly before: string | undefined;
    readonly after: string | undefined;
  }[];
}

export interface Moved {
  readonly ref: RefName;
  readonly from: CommitId | undefined;
  readonly to: CommitId;
}

export interface Side {
  readonly repositories: Repositories;
  readonly url: string;
  readonly clock: Clock;
  /** Lets time pass, in milliseconds of its clock. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until nobody has anything left to do. */
  settle(): Promise<void>;
  tip(ref: RefName): Promise<CommitId | undefined>;
  /** Text by path. */
  files(ref: RefName): Promise<ReadonlyMap<string, string>>;
  /** All commits reachable from a commit, in no order. */
  reachable(from: CommitId): Promise<ReadonlyMap<CommitId, ModelCommit>>;
  /** A person's commit on a branch; null removes a file. Made from nothing where there is no such branch. */
  commit(ref: RefName, files: Readonly<Record<string, string | null>>): Promise<CommitId>;
  /** A person's merge of a commit into a branch, whose files stay as they are. */
  merge(ref: RefName, other: CommitId): Promise<CommitId>;
  /** As by a forced push; undefined removes the ref. */
  force(ref: RefName, to: CommitId | undefined): Promise<void>;
  /** Pushes of the operator that the server took, oldest first. */
  moves(): Promise<readonly Moved[]>;
  refuse(pattern: string): Promise<void>;
  loseAnswer(): void;
  failNext(): void;
  down(isDown: boolean): void;
  setAtomic(atomic: boolean): Promise<void>;
  /** Takes back every fault. */
  clear(): Promise<void>;
  complaints(): Promise<readonly string[]>;
  close(): Promise<void>;
}
