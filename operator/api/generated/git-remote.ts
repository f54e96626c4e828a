// Generated from crds/ by `npm run generate`.
import type { ObjectMeta } from "../object-meta.ts";

/**
 * A Git repository, and the key that it is used with: where Captures of the same namespace write to.
 */
export interface GitRemote {
  /**
   * Always clickscribe.dev/v1alpha1.
   */
  readonly apiVersion: "clickscribe.dev/v1alpha1";
  /**
   * Always GitRemote.
   */
  readonly kind: "GitRemote";
  readonly metadata: ObjectMeta;
  readonly spec: GitRemoteSpec;
  readonly status?: GitRemoteStatus;
}
/**
 * Which repository, with whose key, and how commits are signed off there.
 */
export interface GitRemoteSpec {
  /**
   * The URL that one would give to git clone, without credentials: https://, or http:// with allowInsecure.
   * The operator's flags may admit only some hosts.
   * Example: https://git.example.com/acme/platform.git
   */
  readonly url: string;
  /**
   * Accepts a URL that begins with http://. Credentials and content then travel in clear; the operator must
   * admit it too (--allow-plain-http).
   * Default: false
   */
  readonly allowInsecure?: boolean;
  readonly secretRef?: GitRemoteSpecSecretRef;
  readonly record?: GitRemoteSpecRecord;
  readonly commit?: GitRemoteSpecCommit;
  /**
   * How long one request to the git server may take: a Go duration, from 1s to 1h.
   * Default: 60s
   */
  readonly timeout?: string;
}
/**
 * The Secret with the credentials, in the shapes that Flux and Argo CD use. Without it the repository is
 * used anonymously.
 */
export interface GitRemoteSpecSecretRef {
  /**
   * Name of a Secret in the namespace of the GitRemote. Its keys: username and password, or bearerToken;
   * and ca.crt or caFile (PEM) for a server whose certificate is signed by an own authority.
   * Example: platform-git
   */
  readonly name: string;
}
/**
 * Where the record stands, the ref by which Clickscribe remembers what it saw and wrote.
 */
export interface GitRemoteSpecRecord {
  /**
   * The record of a Capture is the ref PREFIX/CLUSTER/c/NAMESPACE/NAME. Choose refs/heads/clickscribe for
   * hosts that accept only branches.
   * Default: refs/clickscribe
   */
  readonly prefix?: string;
}
/**
 * Who stands in the commits.
 */
export interface GitRemoteSpecCommit {
  /**
   * Person: the author of a commit is who made the change. Committer: the author is the committer below,
   * for hosts that refuse unknown authors; the person then stands in the trailers.
   * Default: Person
   */
  readonly author?: "Person" | "Committer";
  readonly authors?: GitRemoteSpecCommitAuthors;
  readonly committer?: GitRemoteSpecCommitCommitter;
}
/**
 * How a user of the cluster becomes an author in Git.
 */
export interface GitRemoteSpecCommitAuthors {
  /**
   * The e-mail address of a user who has none: {user} stands for the user's name in the cluster. Without
   * it, and where the outcome is no address, a stable address under .invalid is used.
   * Example: "{user}@example.com"
   */
  readonly emailTemplate?: string;
}
/**
 * Who commits, and who is the author of what nobody else did.
 */
export interface GitRemoteSpecCommitCommitter {
  /**
   * The committer's name.
   * Default: clickscribe
   */
  readonly name?: string;
  /**
   * The committer's e-mail address.
   * Default: clickscribe@clickscribe.invalid
   */
  readonly email?: string;
}
/**
 * What the operator found out about the repository.
 */
export interface GitRemoteStatus {
  /**
   * The generation of the spec that this status is about.
   */
  readonly observedGeneration?: number;
  /**
   * Ready: whether the repository answers these credentials, and why not.
   */
  readonly conditions?: readonly GitRemoteStatusConditionsItem[];
  /**
   * The ref of the default branch, which Captures without spec.branch write to.
   * Example: refs/heads/main
   */
  readonly head?: string;
  /**
   * Whether the server can move several refs all or none; without it they are pushed one after the other.
   */
  readonly atomic?: boolean;
}
/**
 * One aspect of the state, as in metav1.Condition.
 */
export interface GitRemoteStatusConditionsItem {
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
