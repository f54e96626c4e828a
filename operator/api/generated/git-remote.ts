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
   * The URL that one would give to git clone, without credentials: https://, ssh://USER@, or http:// with
   * allowInsecure. The operator's flags may admit only some hosts.
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
  /**
   * ReadOnly: nothing is ever pushed to this repository; what differs from the branch is only told. The record
   * then goes to record.remoteRef, or stays in memory, where a restart of the operator loses who did what.
   * Default: ReadWrite
   */
  readonly access?: "ReadWrite" | "ReadOnly";
  readonly proxy?: GitRemoteSpecProxy;
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
   * Name of a Secret in the namespace of the GitRemote. Its keys: username and password, or bearerToken,
   * or githubAppID, githubAppInstallationID and githubAppPrivateKey; ca.crt (PEM) for a server whose
   * certificate is signed by an own authority; tls.crt and tls.key for one that wants a client
   * certificate. For ssh://: identity (private key), password (its passphrase) and known_hosts.
   * Example: platform-git
   */
  readonly name: string;
}
/**
 * The HTTP proxy that leads to the server.
 */
export interface GitRemoteSpecProxy {
  readonly secretRef: GitRemoteSpecProxySecretRef;
}
/**
 * The Secret that says where the proxy is, in the shape that Flux uses.
 */
export interface GitRemoteSpecProxySecretRef {
  /**
   * Name of a Secret in the namespace of the GitRemote. Its keys: address, such as
   * http://proxy.example.com:3128, and username and password if the proxy wants them.
   * Example: proxy
   */
  readonly name: string;
}
/**
 * Where the record stands, the ref by which Clickscribe remembers what it saw and wrote.
 */
export interface GitRemoteSpecRecord {
  readonly remoteRef?: GitRemoteSpecRecordRemoteRef;
  /**
   * The record of a Capture is the ref PREFIX/CLUSTER/c/NAMESPACE/NAME. Choose refs/heads/clickscribe for
   * hosts that accept only branches.
   * Default: refs/clickscribe
   */
  readonly prefix?: string;
}
/**
 * Another repository for the record. Without it the record stands beside the source branch, where both
 * can move in one push.
 */
export interface GitRemoteSpecRecordRemoteRef {
  /**
   * Name of a GitRemote in the same namespace.
   * Example: audit
   */
  readonly name: string;
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
  /**
   * The first line of each commit's message, for hosts that demand a form or the key of a ticket. {summary}
   * is the change in words; {user}, {namespace}, {capture} and {cluster} may stand beside it.
   * Default: "{summary}"
   * Example: "OPS-7 {summary}"
   */
  readonly subjectTemplate?: string;
  readonly signing?: GitRemoteSpecCommitSigning;
}
/**
 * How a user of the cluster becomes an author in Git.
 */
export interface GitRemoteSpecCommitAuthors {
  readonly configMapRef?: GitRemoteSpecCommitAuthorsConfigMapRef;
  /**
   * The e-mail address of a user who has none: {user} stands for the user's name in the cluster. Without
   * it, and where the outcome is no address, a stable address under .invalid is used.
   * Example: "{user}@example.com"
   */
  readonly emailTemplate?: string;
}
/**
 * The ConfigMap that tells the names and addresses of people.
 */
export interface GitRemoteSpecCommitAuthorsConfigMapRef {
  /**
   * Name of a ConfigMap in the namespace of the GitRemote. Each key is a user, each value NAME <ADDRESS>;
   * users whose names no key can hold stand in the key authors, one to a line: USER = NAME <ADDRESS>.
   * Example: people
   */
  readonly name: string;
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
 * The key that commits are signed with, those of the branch and those of the record.
 */
export interface GitRemoteSpecCommitSigning {
  /**
   * What kind of key it is. status.signing shows its public half.
   */
  readonly type: "SSH" | "OpenPGP";
  readonly secretRef: GitRemoteSpecCommitSigningSecretRef;
}
/**
 * The Secret with the private key.
 */
export interface GitRemoteSpecCommitSigningSecretRef {
  /**
   * Name of a Secret in the namespace of the GitRemote. Its keys, for SSH: identity, and password if
   * the key has a passphrase; for OpenPGP: git.asc (armored), and passphrase.
   * Example: signing
   */
  readonly name: string;
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
  readonly signing?: GitRemoteStatusSigning;
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
/**
 * The public half of the key that commits are signed with.
 */
export interface GitRemoteStatusSigning {
  /**
   * Its fingerprint, as ssh-keygen -l or gpg --fingerprint show it.
   * Example: SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDnUqrMmV4M2V0oPQo
   */
  readonly fingerprint?: string;
  /**
   * What to put into allowed_signers or into the forge (SSH), or to import with gpg (OpenPGP).
   */
  readonly publicKey?: string;
}
