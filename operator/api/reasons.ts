/**
 * The closed lists of reasons: for skipping an object, refusing a write, conditions and Events. docs/errors.md is
 * generated from this file; alerts, tests and users hold on to these words, so a published one never changes.
 */

export interface Explained {
  /** One sentence: what it means. */
  readonly means: string;
  /** One sentence: what to do; "" where there is nothing to do. */
  readonly remedy: string;
}

/** Why an object is not in Git. */
export type SkipReason =
  | "SecretExcluded"
  | "CredentialInClear"
  | "ControllerOwned"
  | "HelmManaged"
  | "ManagedElsewhere"
  | "OperatorManaged"
  | "GeneratedByCluster"
  | "SystemObject"
  | "KindNotCaptured"
  | "NotSelected"
  | "Ignored"
  | "OwnKind"
  | "BeingDeleted"
  | "TooLarge";
export const skipReasons: Readonly<Record<SkipReason, Explained>> = {
  SecretExcluded: {
    means: "Secrets are never written in clear.",
    remedy: "Keep it out of Git, or manage it by a sealed or external secret.",
  },
  CredentialInClear: {
    means: "It holds a credential in clear.",
    remedy: "Move it into a Secret; if it is none, name the field in spec.secrets.allow of the Capture.",
  },
  ControllerOwned: {
    means: "A controller made it from another object (ownerReferences with controller: true).",
    remedy: "Edit the owner.",
  },
  HelmManaged: {
    means: "A Helm release owns it.",
    remedy: "Change the release's values, or adopt it with spec.managedBy.helm.",
  },
  ManagedElsewhere: {
    means: "Argo CD or Flux applies it from another source.",
    remedy: "Change it in that source, or adopt it with spec.managedBy.gitops.",
  },
  OperatorManaged: {
    means: "OLM or another operator made it.",
    remedy: "Change what that operator reads, or adopt it with spec.managedBy.",
  },
  GeneratedByCluster: { means: "Kubernetes itself makes it in every cluster or namespace.", remedy: "" },
  SystemObject: { means: "It belongs to the control plane.", remedy: "" },
  KindNotCaptured: { means: "The kind records state, not intent, or is never captured.", remedy: "" },
  NotSelected: {
    means: "spec.resources of the Capture leaves it out.",
    remedy: "Widen spec.resources, if it should be in Git, or give it the label or annotation that it asks for.",
  },
  Ignored: {
    means: 'It carries clickscribe.dev/ignore: "true".',
    remedy: "Take the annotation off, if it should be in Git.",
  },
  OwnKind: {
    means: "Clickscribe never captures its own kinds, what it made for them, or the Namespace object.",
    remedy: "",
  },
  BeingDeleted: { means: "It has a deletionTimestamp: its deletion is written once it is gone.", remedy: "" },
  TooLarge: {
    means: "Its manifest would be nested deeper, or be longer, than tools that read manifests take.",
    remedy: "Make it flatter or split it.",
  },
};

/** Why an object, or a whole capture, is not written to the source branch. */
export type RefusalReason =
  | "PathOccupied"
  | "FileReadOnly"
  | "StandsTwice"
  | "UnsupportedLayout"
  | "FirstContact"
  | "BothChanged"
  | "FileRemoved"
  | "DeletionWaiting"
  | "ReadOnly"
  | "DetectOnly"
  | "Unmanaged"
  | "RefRefused";
export const refusalReasons: Readonly<Record<RefusalReason, Explained>> = {
  PathOccupied: {
    means: "A file that this capture did not write stands at the object's path.",
    remedy: "Move or delete the file, or make it equal to the live object so that it is adopted.",
  },
  FileReadOnly: {
    means:
      "Its file is never edited: it is a template, is encrypted, has anchors or a key twice, or cannot be read at all.",
    remedy: "Edit the file yourself, or write the object plainly into a file of its own.",
  },
  StandsTwice: {
    means: "More than one document of the path is this object.",
    remedy: "Remove all but one of them.",
  },
  UnsupportedLayout: {
    means: "The path holds or lies under a kustomization, Helm chart or Terraform module.",
    remedy: "Point spec.path at a folder of plain manifests.",
  },
  FirstContact: {
    means: "A file for the object was there before the capture and contradicts the live object.",
    remedy: "Make one equal to the other; nothing is written until then.",
  },
  BothChanged: {
    means: "The same field changed in the cluster and in Git, to different values.",
    remedy: "Make one equal to the other, or choose by spec.onConflict; the field is left alone until then.",
  },
  FileRemoved: {
    means: "The object changed in the cluster and its file was removed in Git.",
    remedy: "Delete the object, restore the file, or choose by spec.onConflict.",
  },
  DeletionWaiting: {
    means: "More objects vanished at a time than prune.confirmAbove allows.",
    remedy: "Confirm with the annotation that status names, or create the objects again.",
  },
  ReadOnly: {
    means: "spec.access of the GitRemote is ReadOnly: what differs is told, and not written.",
    remedy: "Change the file in Git, or set spec.access to ReadWrite.",
  },
  DetectOnly: {
    means: "spec.delivery.mode of the Capture is Detect: what differs is told, and not written.",
    remedy: "Have it written with clickscribe keep, go back with clickscribe undo, or set spec.delivery.mode to Push.",
  },
  Unmanaged: {
    means: "No file holds the object, and nobody changed it since the capture began.",
    remedy: "Have it written with clickscribe keep, if it should be in Git.",
  },
  RefRefused: {
    means: "The server refused the source branch.",
    remedy: "Read the server's words; allow the operator's user to push to the branch.",
  },
};

/** How cluster and source branch differ, once they have for longer than spec.drift.after. */
export type DriftSort =
  | "ChangedInCluster"
  | "CreatedInCluster"
  | "DeletedInCluster"
  | "ChangedInGit"
  | "CreatedInGit"
  | "DeletedInGit"
  | "BothChanged"
  | "FirstContact"
  | "NotWritable"
  | "DeletionWaiting"
  | "Reverted";
export const driftSorts: Readonly<Record<DriftSort, Explained>> = {
  ChangedInCluster: {
    means: "It was changed in the cluster, and the change is not on the source branch.",
    remedy: "Keep it (clickscribe keep), or undo it (clickscribe undo).",
  },
  CreatedInCluster: {
    means: "It was created in the cluster, and no file of the source branch holds it.",
    remedy: "Keep it (clickscribe keep), or delete it.",
  },
  DeletedInCluster: {
    means: "It was deleted in the cluster, and its file is still there.",
    remedy: "Keep that (clickscribe keep), or create it again (clickscribe undo).",
  },
  ChangedInGit: {
    means: "Its file was changed in Git, and the cluster does not have that yet.",
    remedy: "Let Argo CD or Flux apply it, or apply it with clickscribe undo.",
  },
  CreatedInGit: {
    means: "A file holds it that the cluster does not have.",
    remedy: "Let Argo CD or Flux apply it, or apply it with clickscribe undo.",
  },
  DeletedInGit: {
    means: "Its file was removed in Git, and the object is still in the cluster.",
    remedy: "Delete the object, let Argo CD or Flux prune it, or restore the file.",
  },
  BothChanged: {
    means: "It was changed in the cluster and in Git, otherwise.",
    remedy: "Keep what the cluster has (clickscribe keep), or what Git has (clickscribe undo).",
  },
  FirstContact: refusalReasons.FirstContact,
  NotWritable: {
    means: "It was changed in the cluster, and its file cannot be edited: the message says why.",
    remedy: "Do what the Event on the object says.",
  },
  DeletionWaiting: refusalReasons.DeletionWaiting,
  Reverted: {
    means: "Argo CD or Flux took a change back that is in Git, and it has not come back since.",
    remedy: "Look whether they apply an older revision: a rollback, a failed sync, a suspended Kustomization.",
  },
};

/** What makes that Argo CD or Flux fight, or never apply, what is written where they read. */
export type ConsumerWarning =
  | "NotRecursive"
  | "OtherNamespace"
  | "ChangesFiles"
  | "LeavesOutFiles"
  | "RendersTemplates"
  | "Replaces"
  | "SeveralSources"
  | "SeveralConsumers";
export const consumerWarnings: Readonly<Record<ConsumerWarning, Explained>> = {
  NotRecursive: {
    means: "Argo CD reads only the files of its own folder, and files of the Capture stand below it.",
    remedy: "Set spec.source.directory.recurse of the Application to true.",
  },
  OtherNamespace: {
    means: "It puts objects into another namespace than the Capture's, where nobody watches them.",
    remedy:
      "Set spec.destination.namespace of the Application, or spec.targetNamespace of the Kustomization, to the Capture's.",
  },
  ChangesFiles: {
    means:
      "It changes what files say before it applies it (patches, images, prefixes), so clicks on that are always reverted.",
    remedy: "Remove the fields that the message names, and write what they do into the files.",
  },
  LeavesOutFiles: {
    means: "It applies only some of the files, by their names.",
    remedy: "Remove the fields that the message names.",
  },
  RendersTemplates: {
    means: "It takes the path for a Helm chart.",
    remedy: "Point spec.path of the Capture at a folder of plain manifests.",
  },
  Replaces: {
    means:
      "It replaces whole objects, so that what others own of them (an autoscaler, a person) is lost with each sync.",
    remedy: "Take Replace=true out of spec.syncPolicy.syncOptions, or set spec.force to false.",
  },
  SeveralSources: {
    means: "The Application applies from several places, so none of its objects is taken for one of this path.",
    remedy: "Give the Capture's path an Application of its own.",
  },
  SeveralConsumers: {
    means: "Two of them apply the same files, and take objects from each other.",
    remedy: "Remove one of them.",
  },
};

/** Reasons of the conditions Ready, Attributing, AuthorsKnown and Synced on Capture, GitRemote and Notifier. */
export type ConditionReason =
  | "Succeeded"
  | "Progressing"
  | "Suspended"
  | "RemoteNotFound"
  | "SecretNotFound"
  | "SecretInvalid"
  | "AuthenticationFailed"
  | "RepositoryNotFound"
  | "CertificateUntrusted"
  | "HostKeyUntrusted"
  | "RemoteUnreachable"
  | "RemoteInvalid"
  | "UrlForbidden"
  | "BranchInvalid"
  | "PathInvalid"
  | "PathTaken"
  | "FieldPathInvalid"
  | "LayoutInvalid"
  | "UnsupportedLayout"
  | "AccessDenied"
  | "KindNotServed"
  | "SourceRefused"
  | "AuthorsInvalid"
  | "RecordRefused"
  | "RecordNewer"
  | "RecordInvalid"
  | "ClusterReplaced"
  | "DeletionWaiting"
  | "Diverged"
  | "NamespaceTerminating"
  | "AlertRefused"
  | "AlertUnreachable"
  | "WebhookUnreachable"
  | "WebhookReached"
  | "WebhookDisabled"
  | "Applied"
  | "WaitingForConsumer"
  | "ConsumerFailed"
  | "ConsumerSuspended"
  | "ConsumerManual"
  | "ConsumerSilent"
  | "ClusterUnreachable"
  | "KubeconfigInvalid"
  | "AddressInUse"
  | "WebhookCertificateInvalid"
  | "LeaseLost"
  | "InternalError";
export const conditionReasons: Readonly<Record<ConditionReason, Explained>> = {
  Succeeded: { means: "Everything in scope is in the record, and delivered as far as spec allows.", remedy: "" },
  Progressing: { means: "The first lists are being read, or a push is under way.", remedy: "" },
  Suspended: { means: "spec.suspend is true.", remedy: "Set spec.suspend to false." },
  RemoteNotFound: {
    means: "spec.remote names a GitRemote that does not exist in the Capture's namespace.",
    remedy: "Create it, or correct spec.remote.name.",
  },
  SecretNotFound: {
    means: "spec.secretRef names a Secret that does not exist.",
    remedy: "Create the Secret in the namespace of the GitRemote.",
  },
  SecretInvalid: {
    means: "The Secret lacks keys that are needed, or one of them holds what it should not.",
    remedy: "Give it the keys that spec.url, spec.proxy or spec.commit.signing needs; the message names them.",
  },
  AuthenticationFailed: {
    means: "The git server refused the credentials.",
    remedy: "Renew the password or token in the Secret.",
  },
  RepositoryNotFound: {
    means: "The git server knows no such repository, or hides it from these credentials.",
    remedy: "Correct spec.url, or let the credentials see it.",
  },
  CertificateUntrusted: {
    means: "The git server's certificate is not signed by a known authority.",
    remedy: "Put the authority's certificate into the Secret as ca.crt.",
  },
  HostKeyUntrusted: {
    means: "The key that the git server shows over SSH is not one that known_hosts in the Secret has for it.",
    remedy: "Compare the fingerprint with what the host publishes, and put its key into known_hosts.",
  },
  RemoteUnreachable: {
    means: "The git server does not answer.",
    remedy: "Nothing is lost; it is tried again. Check network and server.",
  },
  RemoteInvalid: {
    means: "The server's answer is not the git protocol, or asks for what is not supported (SHA-256).",
    remedy: "Check that spec.url is the URL one would give to git clone.",
  },
  UrlForbidden: {
    means: "The operator's flags do not admit this URL.",
    remedy:
      "Use another URL, or have the platform admit its host with --allowed-git-hosts, --allow-plain-http or --allow-local-addresses.",
  },
  BranchInvalid: {
    means: "spec.branch is no valid branch name, or the repository has no default branch.",
    remedy: "Name the branch in spec.branch.",
  },
  PathInvalid: {
    means: "spec.path leaves the repository or names a reserved folder.",
    remedy: "Give a relative path without .., outside .git and .github.",
  },
  PathTaken: {
    means: "Another Capture writes to this path, above it or below it.",
    remedy: "Choose another spec.path, or delete the other Capture.",
  },
  FieldPathInvalid: {
    means: "spec.fields.ignore or spec.secrets.allow holds what is no JSON Pointer, or names what every object needs.",
    remedy: "Correct the path that the message names, such as /spec/replicas.",
  },
  LayoutInvalid: {
    means: "spec.layout.template is no template that gives each object a path of its own.",
    remedy: "Correct what the message names, such as {namespace}/{kind}/{name}.yaml.",
  },
  UnsupportedLayout: refusalReasons.UnsupportedLayout,
  AccessDenied: {
    means: "The ServiceAccount that the capture acts for, or the operator, lacks a right.",
    remedy: "Add the RBAC rule that the message names.",
  },
  KindNotServed: {
    means: "spec.resources names a kind that the API server does not serve.",
    remedy: "Correct the group and kind, or install the CRD.",
  },
  SourceRefused: refusalReasons.RefRefused,
  AuthorsInvalid: {
    means: "The ConfigMap of spec.commit.authors cannot be read as a whole.",
    remedy: "Write each user as NAME <ADDRESS>; commits go on, with the address that a user has without the list.",
  },
  RecordRefused: {
    means: "The server refused the record's ref.",
    remedy: "Allow the operator's user to write below the record's prefix, or choose another spec.record.prefix.",
  },
  RecordNewer: { means: "The record was written by a newer Clickscribe.", remedy: "Run that version or a newer one." },
  RecordInvalid: {
    means: "The record's ref holds something that is no record.",
    remedy: "Choose another spec.record.prefix, or delete that ref.",
  },
  ClusterReplaced: {
    means: "The record was made by another cluster, or the namespace was made anew.",
    remedy: "Confirm with the annotation that the message names; nothing is deleted.",
  },
  DeletionWaiting: refusalReasons.DeletionWaiting,
  Diverged: {
    means: "Objects and their files both changed, or a file stands in the way.",
    remedy: "See the Events on the objects and status.objects.",
  },
  NamespaceTerminating: { means: "The capture's own namespace is being deleted; nothing is written.", remedy: "" },
  AlertRefused: {
    means: "The service that a Notifier tells of drift does not take what it is sent.",
    remedy: "Do what the message says; nothing else waits for it, and what still drifts is told then.",
  },
  AlertUnreachable: {
    means: "The service that a Notifier tells of drift does not answer.",
    remedy: "Nothing else waits for it; it is tried again. Check network and service.",
  },
  WebhookUnreachable: {
    means: "The operator's own admission probe did not come back, so authors are unknown.",
    remedy: "Let the API server reach the webhook's port; on private control planes, open it in the firewall.",
  },
  WebhookReached: { means: "The operator's own admission probe came back.", remedy: "" },
  WebhookDisabled: {
    means: "The operator runs without a webhook, so authors are unknown.",
    remedy: "Give --webhook-url or --webhook-service.",
  },
  Applied: { means: "Argo CD or Flux applied the newest commit of the Capture, or a later one.", remedy: "" },
  WaitingForConsumer: { means: "Argo CD or Flux has not applied the newest commit of the Capture yet.", remedy: "" },
  ConsumerFailed: {
    means: "Argo CD or Flux cannot apply what the branch says; the message holds its own words.",
    remedy: "Mend what it names, in the file or in the cluster.",
  },
  ConsumerSuspended: {
    means: "The Application, Kustomization or GitRepository that reads the path is suspended.",
    remedy: "Resume it: until then, what is committed is not applied elsewhere or again.",
  },
  ConsumerManual: {
    means: "The Application that reads the path syncs only when somebody says so.",
    remedy: "Sync it, or set spec.syncPolicy.automated.",
  },
  ConsumerSilent: {
    means: "Argo CD or Flux has not applied the newest commit for minutes, and does not say why.",
    remedy: "Look whether its controller runs and reaches the repository; allow rbac.refresh, to have it asked.",
  },
  ClusterUnreachable: {
    means: "The API server does not answer, or answers that it cannot.",
    remedy: "Check its address, the network, and that it runs.",
  },
  KubeconfigInvalid: { means: "The kubeconfig cannot be used.", remedy: "Correct --kubeconfig and --context." },
  AddressInUse: { means: "A port that the operator listens on is not free.", remedy: "" },
  WebhookCertificateInvalid: {
    means: "The webhook's certificate is not where --webhook-secret or --webhook-certificate says, or cannot be used.",
    remedy: "",
  },
  LeaseLost: {
    means: "Another replica holds the Lease, or it could not be renewed in time: this one ends and is started anew.",
    remedy: "If it happens often, look at the latency of the API server.",
  },
  InternalError: {
    means: "Something happened that nobody expected; it is tried again.",
    remedy: "Read the operator's log at that time, and report it.",
  },
};

/** Reasons of Events on captured objects, Captures and GitRemotes. */
export type EventReason =
  | "Committed"
  | "Skipped"
  | "Diverged"
  | "ConflictDecided"
  | "Refused"
  | "Released"
  | "DeletionWaiting"
  | "Captured"
  | "ClusterReplaced"
  | "RecordLost"
  | "RecordRewritten"
  | "SourceRewritten"
  | "SourceDeleted"
  | "AuthorsUnknown"
  | "DefaultsKept"
  | "Drifted"
  | "DriftResolved"
  | "Applied"
  | "RevertedByArgoCD"
  | "RevertedByFlux"
  | "Stalled";
export const eventReasons: Readonly<Record<EventReason, Explained>> = {
  Committed: { means: "The change stands on the source branch.", remedy: "" },
  Skipped: { means: "A person edited an object that is not in Git; the message says why not.", remedy: "" },
  Diverged: {
    means: "Cluster and Git both changed the object, or a file stands in the way; nothing was written.",
    remedy: "Make one equal to the other.",
  },
  ConflictDecided: {
    means: "Cluster and Git changed the same fields to different values; spec.onConflict decided which stand.",
    remedy: "Look whether the other value was meant; set spec.onConflict to Hold to be asked.",
  },
  Refused: {
    means: "The change is in the record but not on the source branch.",
    remedy: "The message says who refused it.",
  },
  Released: { means: "The object left the capture's scope; its file stays.", remedy: "" },
  DeletionWaiting: refusalReasons.DeletionWaiting,
  Captured: { means: "The first capture stands on the source branch.", remedy: "" },
  ClusterReplaced: {
    means: "The record was made by another cluster or namespace.",
    remedy: "Confirm as the condition says.",
  },
  RecordLost: { means: "The record is gone from the server; objects and files were adopted anew.", remedy: "" },
  RecordRewritten: {
    means: "The record does not hold any more what the operator had written there.",
    remedy: "Unless somebody ran clickscribe record purge, find out who may push to it.",
  },
  SourceRewritten: {
    means: "The branch does not hold any more what it held: somebody forced a push. It is gone on from as it is now.",
    remedy: "Files that differ now from the cluster are left alone; change the objects, or the files.",
  },
  SourceDeleted: {
    means: "The branch is gone: it is made again from the default branch, with every object of the capture.",
    remedy: "Suspend or delete the Capture, if it is not to be there.",
  },
  AuthorsUnknown: {
    means: "The ConfigMap of spec.commit.authors cannot be read as a whole; commits go on without it.",
    remedy: "Correct what the message names.",
  },
  DefaultsKept: {
    means: "spec.fields.defaults is Drop, and the operator may not prove some of them: they are written.",
    remedy: "Add the rule that the message names, or leave it so.",
  },
  Drifted: {
    means: "Cluster and Git have differed for longer than spec.drift.after; the message says how.",
    remedy: "Keep what the cluster has (clickscribe keep), or go back to what Git has (clickscribe undo).",
  },
  DriftResolved: { means: "Cluster and Git agree again.", remedy: "" },
  Applied: { means: "Argo CD or Flux applied the commit that holds the change, or a later one.", remedy: "" },
  RevertedByArgoCD: {
    means: "Argo CD took a change back before it knew the commit that holds it; it comes back with that.",
    remedy: "Nothing is lost. To have it last less long, allow rbac.refresh of the chart.",
  },
  RevertedByFlux: {
    means: "Flux took a change back before it knew the commit that holds it; it comes back with that.",
    remedy: "Nothing is lost. To have it last less long, allow rbac.refresh of the chart.",
  },
  Stalled: { means: "The object cannot work until a person acts; the message says what to do.", remedy: "" },
};
