// Generated from crds/ by `npm run generate`.
import type { ObjectMeta } from "../object-meta.ts";

/**
 * Writes the objects of its own namespace down in Git, and every change of them, each in a commit of who made it.
 */
export interface Capture {
  /**
   * Always clickscribe.dev/v1alpha1.
   */
  readonly apiVersion: "clickscribe.dev/v1alpha1";
  /**
   * Always Capture.
   */
  readonly kind: "Capture";
  readonly metadata: ObjectMeta;
  readonly spec: CaptureSpec;
  readonly status?: CaptureStatus;
}
/**
 * What is captured, where it is written, and how.
 */
export interface CaptureSpec {
  readonly remote: CaptureSpecRemote;
  /**
   * The source branch: the branch that people, Argo CD or Flux use. It cannot be changed; make a new Capture.
   * Default: "", the repository's default branch
   * Example: main
   */
  readonly branch?: string;
  /**
   * The folder of the repository to write to, relative to its root; "" is the root. No other Capture may write
   * above or below it. It cannot be changed; make a new Capture.
   * Example: apps/shop
   */
  readonly path: string;
  /**
   * The ServiceAccount of the Capture's namespace whose rights it acts with: it captures a kind only if that
   * account may list and watch it, and uses a Secret only if that account may get it.
   * Default: what the operator's --default-service-account says, else the operator's own rights
   */
  readonly serviceAccountName?: string;
  readonly resources?: CaptureSpecResources;
  readonly managedBy?: CaptureSpecManagedBy;
  readonly fields?: CaptureSpecFields;
  readonly secrets?: CaptureSpecSecrets;
  readonly prune?: CaptureSpecPrune;
  readonly layout?: CaptureSpecLayout;
  /**
   * Users that apply this path from Git, such as a CI job that runs kubectl apply: what they change is never
   * written back. Argo CD and Flux are known by themselves.
   * Example: [system:serviceaccount:ci:deploy]
   *
   * Items: A user name as the API server knows it.
   */
  readonly appliers?: readonly string[];
  /**
   * What becomes of a field that was changed in the cluster and in Git, to different values. Hold: both stay
   * as they are, and a person is told. ClusterWins: the file gets the cluster's value. GitWins: the file
   * stays, until it is applied. All other fields are merged, whatever stands here.
   * Default: Hold
   */
  readonly onConflict?: "Hold" | "ClusterWins" | "GitWins";
  readonly delivery?: CaptureSpecDelivery;
  readonly drift?: CaptureSpecDrift;
  readonly protect?: CaptureSpecProtect;
  readonly batching?: CaptureSpecBatching;
  /**
   * Stops writing. What changed meanwhile is written on resume as one commit of author unknown.
   * Default: false
   */
  readonly suspend?: boolean;
}
/**
 * The repository to write to. It cannot be changed; make a new Capture, which adopts what is there.
 */
export interface CaptureSpecRemote {
  /**
   * Name of a GitRemote in the Capture's namespace.
   * Example: platform
   */
  readonly name: string;
}
/**
 * Which objects are captured: those that include names and exclude does not, that the selector meets, and,
 * with optIn, that ask for it. Secrets, and kinds that record state, never are. What comes to match is
 * captured; what stops to match is left alone, and its file stays.
 */
export interface CaptureSpecResources {
  /**
   * Captured are objects that match at least one of these. A kind that is named here must be served and
   * readable; those met by * are captured as far as they are readable.
   * Default: every object of every kind
   */
  readonly include?: readonly CaptureSpecResourcesIncludeItem[];
  /**
   * Not captured are objects that match one of these, whatever include says.
   * Default: none
   */
  readonly exclude?: readonly CaptureSpecResourcesExcludeItem[];
  readonly selector?: CaptureSpecResourcesSelector;
  /**
   * Only objects with the annotation clickscribe.dev/capture: "true" are captured.
   * Default: false
   */
  readonly optIn?: boolean;
}
/**
 * An object matches when its group, its kind and its name are all named.
 */
export interface CaptureSpecResourcesIncludeItem {
  /**
   * API groups, without version: "" is the core group, "*" any.
   * Example: ["", apps]
   *
   * Items: "", "*" or the name of an API group.
   */
  readonly groups: readonly string[];
  /**
   * Kinds, as in a manifest; "*" any.
   * Example: [Deployment, ConfigMap]
   *
   * Items: "*" or a kind, as in a manifest.
   */
  readonly kinds: readonly string[];
  /**
   * Names of objects, in which * is any text.
   * Default: any
   * Example: [web, "*-dashboard"]
   *
   * Items: A name, in which * is any text.
   */
  readonly names?: readonly string[];
}
/**
 * An object matches when its group, its kind and its name are all named.
 */
export interface CaptureSpecResourcesExcludeItem {
  /**
   * API groups, without version: "" is the core group, "*" any.
   * Example: ["", apps]
   *
   * Items: "", "*" or the name of an API group.
   */
  readonly groups: readonly string[];
  /**
   * Kinds, as in a manifest; "*" any.
   * Example: [Deployment, ConfigMap]
   *
   * Items: "*" or a kind, as in a manifest.
   */
  readonly kinds: readonly string[];
  /**
   * Names of objects, in which * is any text.
   * Default: any
   * Example: [web, "*-dashboard"]
   *
   * Items: A name, in which * is any text.
   */
  readonly names?: readonly string[];
}
/**
 * Labels that an object must have.
 * Default: any
 */
export interface CaptureSpecResourcesSelector {
  /**
   * Labels with the values that they must have.
   * Default: any
   * Example: {team: shop}
   */
  readonly matchLabels?: {
    readonly [k: string]: string;
  };
  /**
   * Requirements, all of which must be met.
   * Default: none
   */
  readonly matchExpressions?: readonly CaptureSpecResourcesSelectorMatchExpressionsItem[];
}
/**
 * What is asked of one label.
 */
export interface CaptureSpecResourcesSelectorMatchExpressionsItem {
  /**
   * The name of the label.
   */
  readonly key: string;
  /**
   * In and NotIn compare the label's value with values; NotIn is also met by an object without
   * the label.
   */
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /**
   * Values of the label, for In and NotIn.
   * Default: none
   *
   * Items: A value of the label.
   */
  readonly values?: readonly string[];
}
/**
 * What becomes of objects that somebody else manages. Skip: they stay out of Git, and status counts them.
 * Adopt: they are written like any other, without that manager's marks.
 */
export interface CaptureSpecManagedBy {
  /**
   * What Argo CD or Flux apply from another source than this branch at this path, or above it. What they
   * apply from here is always captured.
   * Default: Skip
   */
  readonly gitops?: "Skip" | "Adopt";
  /**
   * What belongs to a Helm release.
   * Default: Skip
   */
  readonly helm?: "Skip" | "Adopt";
  /**
   * What the Operator Lifecycle Manager made.
   * Default: Skip
   */
  readonly olm?: "Skip" | "Adopt";
  /**
   * What only controllers have ever written.
   * Default: Skip
   */
  readonly operators?: "Skip" | "Adopt";
}
/**
 * Which fields of the objects are written down.
 */
export interface CaptureSpecFields {
  /**
   * Fields that are never written, beside those that belong to the API server and to controllers.
   * A file that says them already keeps them as they are.
   * Default: none
   */
  readonly ignore?: readonly CaptureSpecFieldsIgnoreItem[];
  /**
   * Keep: fields that the API server filled in stay. Drop: they go where its schema, or a dry-run, proves
   * that it puts the same value back.
   * Default: Keep
   */
  readonly defaults?: "Keep" | "Drop";
}
/**
 * Fields of some kinds.
 */
export interface CaptureSpecFieldsIgnoreItem {
  /**
   * Kinds as in a manifest, with or without their group; "*" any.
   * Example: [Deployment, Certificate.cert-manager.io]
   *
   * Items: "*", KIND or KIND.GROUP.
   */
  readonly kinds: readonly string[];
  /**
   * JSON Pointers (RFC 6901), in which * stands for every key or item, and FIELD=VALUE for the items of
   * a list that have this value (in which * stands for any characters).
   * Example: [/spec/replicas, /spec/template/spec/containers/name=istio-proxy]
   *
   * Items: A JSON Pointer with wildcards.
   */
  readonly paths: readonly string[];
}
/**
 * What becomes of credentials. Secrets are never captured.
 */
export interface CaptureSpecSecrets {
  /**
   * Fields that may hold what looks like a credential. An object that holds one elsewhere stays out of Git.
   * Default: none
   */
  readonly allow?: readonly CaptureSpecSecretsAllowItem[];
}
/**
 * Fields of some kinds.
 */
export interface CaptureSpecSecretsAllowItem {
  /**
   * Kinds as in a manifest, with or without their group; "*" any.
   * Example: [Deployment, Certificate.cert-manager.io]
   *
   * Items: "*", KIND or KIND.GROUP.
   */
  readonly kinds: readonly string[];
  /**
   * JSON Pointers (RFC 6901), in which * stands for every key or item, and FIELD=VALUE for the items of
   * a list that have this value (in which * stands for any characters).
   * Example: [/spec/replicas, /spec/template/spec/containers/name=istio-proxy]
   *
   * Items: A JSON Pointer with wildcards.
   */
  readonly paths: readonly string[];
}
/**
 * What becomes of the file of an object that was deleted.
 */
export interface CaptureSpecPrune {
  /**
   * Delete: the file is removed. Keep: it stays.
   * Default: Delete
   */
  readonly mode?: "Delete" | "Keep";
  /**
   * When more objects than this vanish at a time, their files stay until a person confirms with the
   * annotation that status names. 0: every deletion must be confirmed.
   * Default: 10
   */
  readonly confirmAbove?: number;
}
/**
 * Where new objects are placed below path. Objects that have a file stay in it.
 */
export interface CaptureSpecLayout {
  /**
   * Neighbours: as the files of other objects in path are named and placed; Flat where there are none.
   * Flat: all files directly in path (Argo CD does not look into folders by default).
   * ByNamespace: a folder per namespace. ByKind: a folder per kind. Template: as template says.
   * Default: Neighbours
   */
  readonly mode?: "Neighbours" | "Flat" | "ByNamespace" | "ByKind" | "Template";
  /**
   * A path below path for each object, of {group}, {version}, {kind}, {namespace} and {name}; it ends
   * in .yaml, .yml or .json.
   * Example: "{namespace}/{kind}-{name}.yaml"
   */
  readonly template?: string;
}
/**
 * How changes reach the source branch.
 */
export interface CaptureSpecDelivery {
  /**
   * Push: each change is committed. Detect: what differs is recorded and told, and committed only where a
   * person says so (clickscribe keep).
   * Default: Push
   */
  readonly mode?: "Push" | "Detect";
}
/**
 * When an object that is not in sync is drift.
 */
export interface CaptureSpecDrift {
  /**
   * What differs for longer than this is drift; contradictions that a person has to decide are at once. A
   * Go duration, from 0s to 168h.
   * Default: 10m
   */
  readonly after?: string;
}
/**
 * Whether clicks are kept from being put back for a moment by Argo CD's self-heal.
 */
export interface CaptureSpecProtect {
  /**
   * Pause: the Application that an object belongs to is left alone (argocd.argoproj.io/skip-reconcile) from the
   * review of a change until its commit is on the branch and no other change followed for 3 s, at most 5
   * minutes; it needs rbac.refresh.mayPause of the chart. None: a click may be gone for some seconds, and comes back from Git.
   * Default: None
   */
  readonly mode?: "None" | "Pause";
}
/**
 * How changes that follow one another are gathered before a push.
 */
export interface CaptureSpecBatching {
  /**
   * A push waits until nothing changed for this long: a Go duration, from 0s to 1h.
   * Default: 3s
   */
  readonly quietPeriod?: string;
  /**
   * And never longer than this after the first change: a Go duration, from 0s to 1h.
   * Default: 30s
   */
  readonly maxWait?: string;
}
/**
 * What the Capture did, and what keeps it from doing more.
 */
export interface CaptureStatus {
  /**
   * The generation of the spec that this status is about.
   */
  readonly observedGeneration?: number;
  /**
   * The value that the annotation clickscribe.dev/reconcile-requested-at had when the Capture was last
   * looked at anew and what was known was delivered, or could not be: the condition Ready then says why.
   */
  readonly lastHandledReconcileAt?: string;
  /**
   * Ready: whether everything in scope is recorded and delivered, and why not. Attributing: whether authors can
   * be known. Synced: whether Argo CD or Flux have applied the newest commit, where they apply the path.
   */
  readonly conditions?: readonly CaptureStatusConditionsItem[];
  readonly record?: CaptureStatusRecord;
  readonly source?: CaptureStatusSource;
  readonly objects?: CaptureStatusObjects;
  /**
   * Those of Argo CD and Flux that apply path, or a folder above it, to this cluster; the first twenty.
   */
  readonly consumers?: readonly CaptureStatusConsumersItem[];
  readonly drift?: CaptureStatusDrift;
  readonly unreadable?: CaptureStatusUnreadable;
  /**
   * How many objects are not in Git, by reason; the reasons stand in docs/errors.md.
   */
  readonly skipped?: {
    readonly [k: string]: number;
  };
  /**
   * Kinds that are selected and not captured.
   */
  readonly notWatched?: readonly CaptureStatusNotWatchedItem[];
  readonly deletionsWaiting?: CaptureStatusDeletionsWaiting;
  readonly lastCommit?: CaptureStatusLastCommit;
}
/**
 * One aspect of the state, as in metav1.Condition.
 */
export interface CaptureStatusConditionsItem {
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
 * The record of this Capture in the repository.
 */
export interface CaptureStatusRecord {
  /**
   * Its ref.
   */
  readonly ref?: string;
  /**
   * The commit that the ref was last seen at.
   */
  readonly commit?: string;
}
/**
 * The source branch.
 */
export interface CaptureStatusSource {
  /**
   * The branch that is written to.
   */
  readonly branch?: string;
  /**
   * The commit that the branch was last seen at.
   */
  readonly commit?: string;
  /**
   * Why the server refused the last push to it, in its own words.
   */
  readonly refusal?: string;
  /**
   * When the push is tried again.
   */
  readonly refusedUntil?: string;
}
/**
 * How many objects stand where.
 */
export interface CaptureStatusObjects {
  /**
   * Objects of the cluster that this Capture writes.
   */
  readonly inScope?: number;
  /**
   * Those that the source branch holds as they are.
   */
  readonly inSync?: number;
  /**
   * Those whose change is on its way to the source branch.
   */
  readonly pending?: number;
  /**
   * Those whose file a person changed; left alone until applied.
   */
  readonly gitAhead?: number;
  /**
   * Those where cluster and file contradict each other; what does is left alone.
   */
  readonly diverged?: number;
  /**
   * Those that Argo CD or Flux is applying.
   */
  readonly applying?: number;
  /**
   * Those that no file holds and nobody changed since the Capture began, where nothing is written.
   */
  readonly unmanaged?: number;
}
/**
 * One of them.
 */
export interface CaptureStatusConsumersItem {
  /**
   * Application, Kustomization or HelmRelease.
   */
  readonly kind: string;
  /**
   * Its namespace.
   */
  readonly namespace: string;
  /**
   * Its name.
   */
  readonly name: string;
  /**
   * The folder that it reads; "" is the root.
   */
  readonly path: string;
  /**
   * The commit that it brought the cluster to last.
   */
  readonly applied?: string;
  /**
   * Whether that holds the newest commit of this Capture; absent where it does not read the path.
   */
  readonly upToDate?: boolean;
  /**
   * What it says of its objects, in Argo CD's words.
   */
  readonly health?: string;
  /**
   * Whether it applies what is new by itself.
   */
  readonly automatic?: boolean;
  /**
   * Whether it puts back at once what others change of its objects.
   */
  readonly selfHeal?: boolean;
  /**
   * Whether it deletes what is in no file any more.
   */
  readonly prune?: boolean;
  /**
   * Whether it does nothing until it is resumed.
   */
  readonly suspended?: boolean;
  /**
   * How often it looks by itself, where it says so.
   */
  readonly interval?: string;
  /**
   * What made it, such as an ApplicationSet.
   */
  readonly madeBy?: string;
  /**
   * Why it could not apply what it saw last, in its own words.
   */
  readonly failure?: string;
  /**
   * How many changes of people it has put back, which went to Git all the same.
   */
  readonly reverts?: number;
  /**
   * What of it makes that changes are lost, fought over, or never applied.
   */
  readonly warnings?: readonly CaptureStatusConsumersItemWarningsItem[];
}
/**
 * One such thing.
 */
export interface CaptureStatusConsumersItemWarningsItem {
  /**
   * In one word of the closed list in docs/errors.md.
   */
  readonly reason: string;
  /**
   * What it is, and which field of whom to change.
   */
  readonly message: string;
}
/**
 * Objects that have not been in sync for longer than spec.drift.after.
 */
export interface CaptureStatusDrift {
  /**
   * How many there are.
   */
  readonly count: number;
  /**
   * The ten that have drifted longest.
   */
  readonly objects: readonly CaptureStatusDriftObjectsItem[];
}
/**
 * One such object.
 */
export interface CaptureStatusDriftObjectsItem {
  /**
   * Kind, namespace and name.
   */
  readonly object: string;
  /**
   * How it drifted, in one word of the closed list in docs/errors.md.
   */
  readonly sort: string;
  /**
   * Since when.
   */
  readonly since: string;
  /**
   * Who changed the object last, where that is known.
   */
  readonly by?: string;
}
/**
 * What stands below path and is never read or edited. Objects that stand there are reported.
 */
export interface CaptureStatusUnreadable {
  /**
   * How many files there are.
   */
  readonly count: number;
  /**
   * The first ten of them.
   */
  readonly files: readonly CaptureStatusUnreadableFilesItem[];
}
/**
 * One such file.
 */
export interface CaptureStatusUnreadableFilesItem {
  /**
   * Its path in the repository.
   */
  readonly path: string;
  /**
   * Why it is left alone.
   */
  readonly why: string;
}
/**
 * One such kind.
 */
export interface CaptureStatusNotWatchedItem {
  /**
   * Its API group; "" is the core group.
   */
  readonly group: string;
  /**
   * The kind.
   */
  readonly kind: string;
  /**
   * Why, in one word.
   */
  readonly reason: string;
  /**
   * Why, with the RBAC rule that would help.
   */
  readonly message: string;
}
/**
 * Deletions that a person must confirm.
 */
export interface CaptureStatusDeletionsWaiting {
  /**
   * How many objects vanished.
   */
  readonly count: number;
  /**
   * The value to give to the annotation clickscribe.dev/confirm-deletions to have their files removed.
   */
  readonly token: string;
  /**
   * The first ten of them.
   *
   * Items: Kind, namespace and name.
   */
  readonly objects: readonly string[];
}
/**
 * The newest commit on the source branch by this Capture.
 */
export interface CaptureStatusLastCommit {
  /**
   * Its id.
   */
  readonly commit: string;
  /**
   * When the change was made.
   */
  readonly at: string;
  /**
   * Its first line.
   */
  readonly subject: string;
  /**
   * Who made the change; unknown where nobody can be named.
   */
  readonly author: string;
}
