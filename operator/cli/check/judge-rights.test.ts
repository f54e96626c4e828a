import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OperatorSettings } from "./judge-operator.ts";
import { leaseItems, operatorRightsItems, rightsOfOperator } from "./judge-rights.ts";

const settings: OperatorSettings = {
  name: "clickscribe",
  serviceAccount: "clickscribe",
  clusterName: "prod",
  webhookConfiguration: "hook",
  hasWebhook: true,
  webhookSecret: undefined,
  lease: undefined,
  defaultServiceAccount: undefined,
  allowsPlainHttp: false,
  allowsLocalAddresses: false,
};

describe("the operator's rights", () => {
  it("are named with the rule that is missing", () => {
    const needed = rightsOfOperator(settings, "system");
    assert.equal(operatorRightsItems("sa", { ok: true, value: [] })[0]?.status, "Passed");
    assert.equal(operatorRightsItems("sa", { ok: false, why: "forbidden" })[0]?.status, "Warning");
    const items = operatorRightsItems("sa", { ok: true, value: needed.filter(({ verb }) => verb === "patch") });
    assert.deepEqual(
      items.map(({ status, remedy }) => `${status} ${remedy}`),
      [
        'Failed Add the rule {apiGroups: ["clickscribe.dev"], resources: ["captures/status"], verbs: ["patch"]} to a ClusterRole of it.',
        'Failed Add the rule {apiGroups: ["clickscribe.dev"], resources: ["gitremotes/status"], verbs: ["patch"]} to a ClusterRole of it.',
        'Failed Add the rule {apiGroups: ["clickscribe.dev"], resources: ["notifiers/status"], verbs: ["patch"]} to a ClusterRole of it.',
        'Failed Add the rule {apiGroups: ["admissionregistration.k8s.io"], resources: ["validatingwebhookconfigurations"], resourceNames: ["hook"], verbs: ["patch"]} to a ClusterRole of it.',
      ],
    );
  });

  it("are more with a Secret for the certificate and a Lease, and fewer without a webhook", () => {
    const names = (change: Partial<OperatorSettings>): readonly string[] =>
      rightsOfOperator({ ...settings, ...change }, "system")
        .filter(({ namespace }) => namespace === "system")
        .map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
    const own = { webhookSecret: "tls", lease: "one" };
    assert.deepEqual(names(own), ["get secrets tls", "patch secrets tls", "get leases one", "patch leases one"]);
    assert.deepEqual(names({ ...own, hasWebhook: false }), ["get leases one", "patch leases one"]);
    const [item] = operatorRightsItems("sa", {
      ok: true,
      value: rightsOfOperator({ ...settings, ...own }, "system").slice(-1),
    });
    assert.match(item?.remedy ?? "", /to a Role in system of it\.$/);
  });
});

describe("the Lease", () => {
  const now = Date.UTC(2027, 0, 1);
  const judge = (spec: object | undefined): string => {
    const value = spec && { spec: { leaseDurationSeconds: 15, ...spec } };
    const [item] = leaseItems("one", { ok: true, value }, now);
    return `${item?.status} ${item?.message}`;
  };
  it("tells which replica writes, or that none does", () => {
    const held = { holderIdentity: "pod-1", renewTime: "2026-12-31T23:59:58.000000Z" };
    assert.equal(judge(held), "Passed pod-1 holds the Lease one, and writes");
    assert.match(judge({ ...held, renewTime: "2026-12-31T23:58:00Z" }), /^Failed pod-1 .* for 120 s/);
    assert.match(judge({ holderIdentity: "", renewTime: "" }), /^Failed no replica/);
    assert.match(judge(undefined), /^Failed no replica/);
    assert.deepEqual(leaseItems(undefined, { ok: true, value: undefined }, now), []);
  });
});
