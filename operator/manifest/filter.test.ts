import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import { skipReasons } from "../api/reasons.ts";
import type { Filtered, Json, JsonObject, Kind } from "../values.ts";
import { filter, selectsKind } from "./filter.ts";
import { everyKind as everything, type KindPattern, plainPolicy, type Selection } from "./policy.ts";

/** `Kind.group`. */
function kindOf(name: string, verbs: readonly string[] = ["list", "watch"]): Kind {
  const dot = name.indexOf(".");
  const [kind, group] = [name.slice(0, dot), name.slice(dot + 1)];
  return { group, version: "v1", kind, resource: kind.toLowerCase(), namespaced: true, verbs, subresources: [] };
}

function objectOf(name: string, metadata: JsonObject, rest: JsonObject = {}): JsonObject {
  const { group, kind } = kindOf(name);
  return {
    apiVersion: group === "" ? "v1" : `${group}/v1`,
    kind,
    metadata: { name: "a", namespace: "shop", ...metadata },
    ...rest,
  };
}

const words = (filtered: Filtered): string =>
  filtered.verdict === "Kept" ? "Kept" : `${filtered.reason}${filtered.detail === "" ? "" : `: ${filtered.detail}`}`;

const controller = (flag: Json): JsonObject => ({
  ownerReferences: [{ kind: "ReplicaSet", name: "web-1", controller: flag }],
});
const labels = (key: string, value = "x"): JsonObject => ({ labels: { [key]: value } });
const managers = (...names: readonly string[]): JsonObject => ({
  managedFields: [...names.map((manager) => ({ manager })), { manager: "status-writer", subresource: "status" }],
});
/** `value` in so many maps. */
function nested(levels: number, value: Json = 1): Json {
  let made = value;
  for (let i = 0; i < levels; i++) made = { a: made };
  return made;
}
const annotations = (key: string, value = "x"): JsonObject => ({ annotations: { [key]: value } });

describe("selectsKind", () => {
  const table: readonly (readonly [kind: string, expected: string])[] = [
    ["Deployment.apps", "Kept"],
    ["ConfigMap.", "Kept"],
    ["Widget.example.com", "Kept"],
    ["Secret.", "SecretExcluded"],
    ["Secret.example.com", "Kept"],
    ["Namespace.", "OwnKind: a Capture never writes its Namespace"],
    ["Capture.clickscribe.dev", "OwnKind: Clickscribe's own"],
    ["GitRemote.clickscribe.dev", "OwnKind: Clickscribe's own"],
    ["Event.", "KindNotCaptured: Event."],
    ["Event.events.k8s.io", "KindNotCaptured: Event.events.k8s.io"],
    ["Event.example.com", "Kept"],
    ["Endpoints.", "KindNotCaptured: Endpoints."],
    ["EndpointSlice.discovery.k8s.io", "KindNotCaptured: EndpointSlice.discovery.k8s.io"],
    ["Lease.coordination.k8s.io", "KindNotCaptured: Lease.coordination.k8s.io"],
    ["ReplicaSet.apps", "KindNotCaptured: ReplicaSet.apps"],
    ["ControllerRevision.apps", "KindNotCaptured: ControllerRevision.apps"],
    ["CertificateSigningRequest.certificates.k8s.io", "KindNotCaptured: CertificateSigningRequest.certificates.k8s.io"],
    ["Eviction.lifecycle.k8s.io", "KindNotCaptured: Eviction.lifecycle.k8s.io"],
    ["VolumeAttachment.storage.k8s.io", "KindNotCaptured: VolumeAttachment.storage.k8s.io"],
    ["PodMetrics.metrics.k8s.io", "KindNotCaptured: PodMetrics.metrics.k8s.io"],
    ["LocalSubjectAccessReview.authorization.k8s.io", "KindNotCaptured: LocalSubjectAccessReview.authorization.k8s.io"],
    ["ResourceClaim.resource.k8s.io", "Kept"],
    ["ProductReview.shop.example.com", "Kept"],
  ];
  for (const [kind, expected] of table) {
    it(`${kind}: ${expected}`, () => assert.equal(words(selectsKind(kindOf(kind), everything)), expected));
  }

  it("needs both list and watch", () => {
    for (const verbs of [[], ["get", "list"], ["watch"], ["create"]])
      assert.equal(
        words(selectsKind(kindOf("Widget.example.com", verbs), everything)),
        "KindNotCaptured: cannot be watched",
      );
  });

  const selections: readonly (readonly [
    include: readonly KindPattern[],
    exclude: readonly KindPattern[],
    kind: string,
    expected: string,
  ])[] = [
    [[], [], "ConfigMap.", "NotSelected: spec.resources.include"],
    [[{ groups: [""], kinds: ["*"] }], [], "ConfigMap.", "Kept"],
    [[{ groups: [""], kinds: ["*"] }], [], "Deployment.apps", "NotSelected: spec.resources.include"],
    [[{ groups: ["*"], kinds: ["Deployment"] }], [], "Deployment.apps", "Kept"],
    [
      [{ groups: ["apps"], kinds: ["Deployment"] }],
      [],
      "Deployment.example.com",
      "NotSelected: spec.resources.include",
    ],
    [
      [
        { groups: ["apps"], kinds: [] },
        { groups: ["", "apps"], kinds: ["X", "Deployment"] },
      ],
      [],
      "Deployment.apps",
      "Kept",
    ],
    [
      everything.include,
      [{ groups: ["apps"], kinds: ["*"] }],
      "Deployment.apps",
      "NotSelected: spec.resources.exclude",
    ],
    [everything.include, [{ groups: [""], kinds: ["*"] }], "Deployment.apps", "Kept"],
    [[{ groups: ["apps"], kinds: ["deployment"] }], [], "Deployment.apps", "NotSelected: spec.resources.include"],
    [[{ groups: [""], kinds: ["Secret", "Namespace"] }], [], "Secret.", "SecretExcluded"],
  ];
  for (const [i, [include, exclude, kind, expected]] of selections.entries()) {
    it(`selection ${i}: ${kind} is ${expected}`, () => {
      assert.equal(words(selectsKind(kindOf(kind), { include, exclude })), expected);
    });
  }
});

describe("what is selected of a kind", () => {
  const config = [{ groups: [""], kinds: ["ConfigMap"] }];
  const named = (...names: readonly string[]): readonly KindPattern[] => [{ groups: ["*"], kinds: ["*"], names }];
  const table: readonly (readonly [why: string, selection: Selection, metadata: JsonObject, expected: string])[] = [
    ["its name is included", { include: named("a"), exclude: [] }, {}, "Kept"],
    ["a part of its name is", { include: named("app-*"), exclude: [] }, { name: "app-1" }, "Kept"],
    ["another name is", { include: named("app-*"), exclude: [] }, {}, "NotSelected: spec.resources.include"],
    ["one of two patterns has it", { include: [...named("x"), ...config], exclude: [] }, {}, "Kept"],
    ["its name is excluded", { ...everything, exclude: named("*") }, {}, "NotSelected: spec.resources.exclude"],
    ["another's name is", { ...everything, exclude: named("b", "aa") }, {}, "Kept"],
    [
      "its name is, of another kind",
      { ...everything, exclude: [{ groups: ["apps"], kinds: ["*"], names: ["a"] }] },
      {},
      "Kept",
    ],
    ["it has the label", { ...everything, selector: { matchLabels: { team: "x" } } }, labels("team"), "Kept"],
    [
      "it has not the label",
      { ...everything, selector: { matchLabels: { team: "x" } } },
      {},
      "NotSelected: spec.resources.selector",
    ],
    ["it asks for it", { ...everything, optIn: true }, annotations("clickscribe.dev/capture", "true"), "Kept"],
    [
      "it asks for something else",
      { ...everything, optIn: true },
      annotations("clickscribe.dev/capture", "yes"),
      "NotSelected: spec.resources.optIn",
    ],
    ["it does not ask for it", { ...everything, optIn: true }, {}, "NotSelected: spec.resources.optIn"],
    [
      "it asks to be left out",
      { ...everything, include: named("b") },
      annotations("clickscribe.dev/ignore", "true"),
      "Ignored: clickscribe.dev/ignore",
    ],
    ["it is on its way out", { ...everything, include: named("b") }, { deletionTimestamp: "t" }, "BeingDeleted"],
  ];
  for (const [why, selection, metadata, expected] of table) {
    it(`${why}: ${expected}`, () => {
      const object = objectOf("ConfigMap.", metadata);
      assert.equal(words(filter(object, kindOf("ConfigMap."), plainPolicy(selection))), expected);
    });
  }

  it("leaves the kind watched when only names of it are excluded", () => {
    assert.equal(words(selectsKind(kindOf("ConfigMap."), { ...everything, exclude: named("*") })), "Kept");
  });
});

describe("filter", () => {
  const table: readonly (readonly [why: string, object: JsonObject, expected: string])[] = [
    ["an object of a user", objectOf("Deployment.apps", {}), "Kept"],
    ["a kind that is not captured", objectOf("Secret.", {}), "SecretExcluded"],
    ["a deletion under way", objectOf("Pod.", { deletionTimestamp: "t" }), "BeingDeleted"],
    ["opted out", objectOf("Pod.", annotations("clickscribe.dev/ignore", "true")), "Ignored: clickscribe.dev/ignore"],
    ["not opted out", objectOf("Pod.", annotations("clickscribe.dev/ignore", "false")), "Kept"],
    ["owned by a controller", objectOf("Pod.", controller(true)), "ControllerOwned: ReplicaSet web-1"],
    ["owned by no controller", objectOf("Pod.", controller(false)), "Kept"],
    ["an owner that says nothing of it", objectOf("Pod.", { ownerReferences: [{}, null, "x"] }), "Kept"],
    [
      "a Helm release's",
      objectOf("ConfigMap.", annotations("meta.helm.sh/release-name", "shop")),
      "HelmManaged: release shop",
    ],
    [
      "made by create remote",
      objectOf("Role.rbac.authorization.k8s.io", labels("app.kubernetes.io/managed-by", "clickscribe")),
      "OwnKind: made by Clickscribe",
    ],
    ["labelled by Helm", objectOf("ConfigMap.", labels("app.kubernetes.io/managed-by", "Helm")), "HelmManaged"],
    ["labelled by another tool", objectOf("ConfigMap.", labels("app.kubernetes.io/managed-by", "helmfile")), "Kept"],
    [
      "tracked by Argo CD",
      objectOf("ConfigMap.", annotations("argocd.argoproj.io/tracking-id", "shop:/ConfigMap:shop/a")),
      "ManagedElsewhere: Argo CD Application shop",
    ],
    ["with an Argo CD option", objectOf("ConfigMap.", annotations("argocd.argoproj.io/sync-wave", "1")), "Kept"],
    [
      "applied by a Kustomization",
      objectOf("ConfigMap.", labels("kustomize.toolkit.fluxcd.io/name", "shop")),
      "ManagedElsewhere: Flux Kustomization shop",
    ],
    [
      "applied by a HelmRelease",
      objectOf("ConfigMap.", labels("helm.toolkit.fluxcd.io/name", "shop")),
      "ManagedElsewhere: Flux HelmRelease shop",
    ],
    ["made by OLM", objectOf("ConfigMap.", labels("olm.owner")), "OperatorManaged: olm.owner"],
    [
      "labelled by OLM",
      objectOf("ConfigMap.", labels("operators.coreos.com/x.shop")),
      "OperatorManaged: operators.coreos.com/x.shop",
    ],
    ["the root CA", objectOf("ConfigMap.", { name: "kube-root-ca.crt" }), "GeneratedByCluster"],
    ["OpenShift's CA", objectOf("ConfigMap.", { name: "openshift-service-ca.crt" }), "GeneratedByCluster"],
    ["Istio's CA", objectOf("ConfigMap.", { name: "istio-ca-root-cert" }), "GeneratedByCluster"],
    ["another kind of that name", objectOf("Widget.example.com", { name: "kube-root-ca.crt" }), "Kept"],
    ["the default ServiceAccount", objectOf("ServiceAccount.", { name: "default" }), "GeneratedByCluster"],
    [
      "with a pull secret",
      objectOf("ServiceAccount.", { name: "default" }, { imagePullSecrets: [{ name: "a" }] }),
      "Kept",
    ],
    [
      "without its token",
      objectOf("ServiceAccount.", { name: "default" }, { automountServiceAccountToken: false }),
      "Kept",
    ],
    ["with a label", objectOf("ServiceAccount.", { name: "default", ...labels("a") }), "Kept"],
    ["another ServiceAccount", objectOf("ServiceAccount.", { name: "web" }), "Kept"],
    [
      "the API server's Service",
      objectOf("Service.", { name: "kubernetes", namespace: "default" }),
      "GeneratedByCluster",
    ],
    ["a Service of that name elsewhere", objectOf("Service.", { name: "kubernetes" }), "Kept"],
    ["a system Role", objectOf("Role.rbac.authorization.k8s.io", { name: "system:x" }), "SystemObject"],
    [
      "a bootstrapped RoleBinding",
      objectOf("RoleBinding.rbac.authorization.k8s.io", labels("kubernetes.io/bootstrapping", "rbac-defaults")),
      "SystemObject",
    ],
    [
      "an updated Role",
      objectOf("Role.rbac.authorization.k8s.io", annotations("rbac.authorization.kubernetes.io/autoupdate", "true")),
      "SystemObject",
    ],
    ["another kind named system:", objectOf("Widget.example.com", { name: "system:x" }), "Kept"],
    [
      "a StatefulSet's claim",
      objectOf("PersistentVolumeClaim.", managers("kube-controller-manager")),
      "ControllerOwned: the StatefulSet with its volumeClaimTemplate",
    ],
    ["edited since", objectOf("PersistentVolumeClaim.", managers("kube-controller-manager", "kubectl-edit")), "Kept"],
    ["of nobody known", objectOf("PersistentVolumeClaim.", managers()), "Kept"],
    ["without managers", objectOf("PersistentVolumeClaim.", {}), "Kept"],
    [
      "what only a controller has written",
      objectOf("ConfigMap.", managers("kube-controller-manager")),
      "OperatorManaged: only kube-controller-manager has written it",
    ],
    [
      "a leader's lock",
      objectOf("ConfigMap.", annotations("control-plane.alpha.kubernetes.io/leader", "{}")),
      "ControllerOwned: the leader that it elects",
    ],
    [
      "a volume made for a claim",
      objectOf("PersistentVolume.", annotations("pv.kubernetes.io/provisioned-by", "disk.example.com")),
      "ControllerOwned: the claim, through disk.example.com",
    ],
    ["a volume that somebody made", objectOf("PersistentVolume.", {}), "Kept"],
    [
      "a claim with that annotation",
      objectOf("PersistentVolumeClaim.", annotations("pv.kubernetes.io/provisioned-by", "disk.example.com")),
      "Kept",
    ],
    [
      "nested too deeply",
      objectOf("Widget.example.com", {}, { spec: nested(100) }),
      "TooLarge: nested deeper than 100 levels",
    ],
    [
      "nested thousands of levels deep",
      objectOf("Widget.example.com", {}, { spec: nested(9000) }),
      "TooLarge: nested deeper than 100 levels",
    ],
    ["nested as deep as may be", objectOf("Widget.example.com", {}, { spec: nested(99) }), "Kept"],
    [
      "with a deep status and field manager",
      objectOf("Widget.example.com", { managedFields: [nested(200)] }, { status: nested(200) }),
      "Kept",
    ],
    ["of 1.5 MiB", objectOf("ConfigMap.", {}, { data: { a: `${"x".repeat(99)}\n`.repeat(15_000) } }), "Kept"],
    ["of 1.5 MiB in emoji", objectOf("ConfigMap.", {}, { data: { a: "😀".repeat(390_000) } }), "Kept"],
    [
      "blown up by escapes",
      objectOf("ConfigMap.", {}, { data: { a: "\u0085".repeat(700_000) } }),
      "TooLarge: larger than 3 MiB as a manifest",
    ],
    [
      "blown up by indentation",
      objectOf(
        "Widget.example.com",
        {},
        {
          spec: nested(
            90,
            Array.from({ length: 50_000 }, () => 1),
          ),
        },
      ),
      "TooLarge: larger than 3 MiB as a manifest",
    ],
    [
      "Helm and a controller",
      objectOf("Pod.", { ...controller(true), ...labels("app.kubernetes.io/managed-by", "Helm") }),
      "ControllerOwned: ReplicaSet web-1",
    ],
  ];
  for (const [why, object, expected] of table) {
    const { kind, apiVersion } = object as { readonly kind: string; readonly apiVersion: string };
    const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
    it(`${kind}, ${why}: ${expected}`, () => {
      assert.equal(words(filter(object, kindOf(`${kind}.${group}`), plainPolicy())), expected);
    });
  }

  it("gives every reason of the closed list", () => {
    const given = new Set(table.map(([, , expected]) => expected.split(":")[0] ?? ""));
    for (const reason of ["KindNotCaptured", "NotSelected", "OwnKind", "CredentialInClear"]) given.add(reason);
    given.delete("Kept");
    assert.deepEqual(given, new Set(Object.keys(skipReasons)));
  });

  it("answers for anything at all", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (metadata, rest) => {
        const object = { ...rest, metadata };
        assert.match(filter(object, kindOf("Widget.example.com"), plainPolicy()).verdict, /^(?:Kept|Skipped)$/);
      }),
    );
  });
});
