import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { type RegistrationInput, registration } from "./registration.ts";

function kind(group: string, version: string, name: string, over: Partial<Kind> = {}): Kind {
  const resource = `${name.toLowerCase()}s`;
  return { group, version, kind: name, resource, namespaced: true, verbs: [], subresources: [], ...over };
}

const kinds = [
  kind("apps", "v1", "Deployment", { subresources: ["scale"] }),
  kind("", "v1", "ConfigMap"),
  kind("", "v1", "Service"),
  kind("rbac.authorization.k8s.io", "v1", "ClusterRole", { namespaced: false }),
  kind("rbac.authorization.k8s.io", "v1", "Role"),
];
const input: RegistrationInput = {
  name: "clickscribe",
  kinds,
  namespaces: ["shop", "pay", "shop"],
  client: { url: "https://127.0.0.1:10250/admission/k", caBundle: "PEM" },
  operatorUser: "system:serviceaccount:clickscribe:clickscribe",
  probeNamespace: "clickscribe",
};

interface Webhook {
  readonly name: string;
  readonly rules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly scope: string }[];
  readonly namespaceSelector: JsonObject;
  readonly objectSelector: JsonObject;
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly clientConfig: JsonObject;
  readonly failurePolicy: string;
  readonly sideEffects: string;
  readonly timeoutSeconds: number;
  readonly matchPolicy: string;
}

const webhooksOf = (over: Partial<RegistrationInput> = {}): readonly Webhook[] =>
  registration({ ...input, ...over })["webhooks"] as unknown as readonly Webhook[];

describe("registration", () => {
  it("names kinds and scale, a rule for each group, version and scope", () => {
    assert.deepEqual(
      webhooksOf()[0]?.rules.map(({ apiGroups, resources, scope }) => [apiGroups[0], resources, scope]),
      [
        ["", ["configmaps", "services"], "Namespaced"],
        ["apps", ["deployments", "deployments/scale"], "Namespaced"],
        ["rbac.authorization.k8s.io", ["clusterroles"], "Cluster"],
        ["rbac.authorization.k8s.io", ["roles"], "Namespaced"],
      ],
    );
  });
  it("stops nobody: ignores failures, has no side effects, waits two seconds", () => {
    for (const webhook of webhooksOf()) {
      const { failurePolicy, sideEffects, timeoutSeconds, matchPolicy } = webhook;
      assert.deepEqual(
        { failurePolicy, sideEffects, timeoutSeconds, matchPolicy },
        {
          failurePolicy: "Ignore",
          sideEffects: "None",
          timeoutSeconds: 2,
          matchPolicy: "Equivalent",
        },
      );
    }
  });
  it("gives the same bytes whatever the order", () => {
    const first = JSON.stringify(registration(input));
    fc.assert(
      fc.property(fc.shuffledSubarray(kinds, { minLength: kinds.length }), (shuffled) => {
        const again = registration({ ...input, kinds: [...shuffled, ...kinds], namespaces: ["pay", "shop"] });
        assert.equal(JSON.stringify(again), first);
      }),
    );
  });
  it("never asks for what is secret, noisy, a review or everything", () => {
    const never = [
      kind("", "v1", "Secret"),
      kind("", "v1", "Event"),
      kind("events.k8s.io", "v1", "Event"),
      kind("coordination.k8s.io", "v1", "Lease"),
      kind("discovery.k8s.io", "v1", "EndpointSlice"),
      kind("", "v1", "Endpoints", { resource: "endpoints" }),
      kind("authentication.k8s.io", "v1", "TokenReview"),
      kind("authorization.k8s.io", "v1", "SubjectAccessReview"),
      kind("", "v1", "Node", { namespaced: false }),
      kind("*", "*", "*", { resource: "*" }),
      kind("x.example", "v1", "Any", { resource: "*/scale" }),
    ];
    assert.deepEqual(
      webhooksOf({ kinds: never }).map(({ name }) => name),
      ["probe.clickscribe.dev"],
    );
    assert.deepEqual(webhooksOf({ kinds: [...never, ...kinds] }), webhooksOf());
  });
  it("keeps to the namespaces that captures name", () => {
    assert.deepEqual(webhooksOf()[0]?.namespaceSelector, {
      matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["pay", "shop"] }],
    });
    assert.deepEqual(webhooksOf({ namespaces: [] })[0]?.namespaceSelector, {});
  });
  it("asks for the probe's ConfigMap from everybody, the operator included", () => {
    const probe = webhooksOf()[1];
    assert.deepEqual(probe?.objectSelector, {
      matchExpressions: [{ key: "clickscribe.dev/probe", operator: "Exists" }],
    });
    assert.deepEqual(probe?.namespaceSelector, {
      matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["clickscribe"] }],
    });
    assert.equal(probe?.matchConditions, undefined);
  });
  it("leaves out machines, and none of the ServiceAccounts that people log in with", () => {
    const condition = webhooksOf()[0]?.matchConditions?.find(({ name }) => name === "not-controllers");
    const pattern = new RegExp(JSON.parse(/matches\((.*)\)$/.exec(condition?.expression ?? "")?.[1] ?? '""'));
    const isMachine = (name: string): boolean => pattern.test(`system:serviceaccount:kube-system:${name}`);
    for (const name of [
      "deployment-controller",
      "replicaset-controller",
      "namespace-controller",
      "generic-garbage-collector",
      "pod-garbage-collector",
      "persistent-volume-binder",
      "root-ca-cert-publisher",
      "token-cleaner",
    ]) {
      assert.ok(isMachine(name), name);
    }
    for (const name of ["headlamp", "kubernetes-dashboard", "admin-user", "horizontal-pod-autoscaler", "default"]) {
      assert.ok(!isMachine(name), name);
    }
    assert.ok(!pattern.test("system:serviceaccount:shop:deployment-controller"));
  });
  it("writes the operator's name as a CEL string", () => {
    const condition = webhooksOf({ operatorUser: 'a"b\\c' })[0]?.matchConditions?.at(-1);
    assert.equal(condition?.expression, 'request.userInfo.username != "a\\"b\\\\c"');
  });
  it("finds the webhook by URL or by service", () => {
    assert.deepEqual(webhooksOf()[0]?.clientConfig, { url: "https://127.0.0.1:10250/admission/k", caBundle: "UEVN" });
    const service = { namespace: "clickscribe", name: "clickscribe", port: 443, path: "/admission/k" };
    const byService = webhooksOf({ client: { service, caBundle: "PEM" } });
    assert.deepEqual(byService[1]?.clientConfig, { service, caBundle: "UEVN" });
  });
});
