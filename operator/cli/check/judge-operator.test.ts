import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createServingCertificate } from "../../../webhooks/certificate/create-certificate.ts";
import type { JsonObject } from "../../values.ts";
import { deploymentItems, settingsOf, type WebhookJudgement, webhookItems } from "./judge-operator.ts";
import type { CheckItem } from "./report.ts";

const namespace = "clickscribe-system";

function deployment(change: {
  readonly replicas?: number;
  readonly ready?: number;
  readonly args?: readonly string[];
}) {
  const { replicas = 1, ready = 1, args = [] } = change;
  return {
    metadata: { name: "clickscribe", namespace, generation: 2 },
    spec: {
      replicas,
      template: {
        spec: {
          serviceAccountName: "scribe",
          containers: [
            {
              image: "clickscribe:0.1.0",
              args: ["run", ...args],
              env: [{ name: "CLICKSCRIBE_CLUSTER_NAME", value: "prod" }],
            },
          ],
        },
      },
    },
    status: {
      observedGeneration: 2,
      readyReplicas: ready,
      conditions: [{ type: "Available", status: ready > 0 ? "True" : "False", message: "no quota" }],
    },
  } as unknown as JsonObject;
}

const brief = (items: readonly CheckItem[]): readonly string[] =>
  items.map(({ name, status, message }) => `${status} ${name}: ${message}`);

describe("the operator's Deployment", () => {
  it("tells what it was started with, by arguments and by variables", () => {
    assert.deepEqual(
      settingsOf(
        deployment({
          args: ["--webhook-configuration=mine", "--default-service-account", "reader", "--allow-plain-http"],
        }),
      ),
      {
        name: "clickscribe",
        serviceAccount: "scribe",
        clusterName: "prod",
        webhookConfiguration: "mine",
        hasWebhook: true,
        webhookSecret: undefined,
        lease: undefined,
        defaultServiceAccount: "reader",
        allowsPlainHttp: true,
        allowsLocalAddresses: false,
      },
    );
    assert.equal(settingsOf(deployment({ args: ["--no-webhook"] })).hasWebhook, false);
  });

  it("is ready, or not for a reason", () => {
    const judge = (...all: readonly JsonObject[]): readonly string[] =>
      brief(deploymentItems({ ok: true, value: all }, namespace));
    assert.match(judge(deployment({}))[0] ?? "", /^Passed operator-ready: .* is ready: 1 of 1, clickscribe:0\.1\.0$/);
    assert.match(judge(deployment({ ready: 0 }))[0] ?? "", /^Failed operator-ready: .* not ready: 0 of 1: no quota$/);
    assert.match(judge(deployment({ replicas: 2 }))[0] ?? "", /^Warning /);
    assert.match(judge(deployment({ replicas: 0, ready: 0 }))[0] ?? "", /^Failed .*scaled to 0/);
    assert.match(judge()[0] ?? "", /^Warning operator-ready: no Deployment/);
    assert.match(judge(deployment({}), deployment({}))[2] ?? "", /^Failed one-operator: 2 operators/);
  });
});

describe("the webhook configuration", () => {
  const now = Date.UTC(2027, 0, 1);
  const settings = settingsOf(deployment({}));
  const configuration = (caBundle: string, failurePolicy = "Ignore", name = "clickscribe"): JsonObject => ({
    metadata: { name },
    webhooks: [{ name: "changes.clickscribe.dev", failurePolicy, clientConfig: { caBundle } }],
  });
  const judge = (all: readonly JsonObject[], change: Partial<WebhookJudgement> = {}): readonly string[] =>
    brief(webhookItems({ configurations: { ok: true, value: all }, settings, reached: true, now, ...change }));

  it("is well until its certificate ends", async () => {
    const { ca, notAfter } = await createServingCertificate(["clickscribe"], now);
    const own = configuration(Buffer.from(ca).toString("base64"));
    assert.match(judge([own])[0] ?? "", /^Passed .*reaches the webhook$/);
    assert.match(judge([own], { reached: false })[0] ?? "", /^Passed .*valid until [-\d]+$/);
    assert.match(judge([own], { now: notAfter + 20 * 365 * 86_400_000 })[0] ?? "", /^Failed .*has expired on/);
    assert.match(judge([own, own])[0] ?? "", /^Warning one-webhook: 2 /);
    assert.match(judge([configuration(Buffer.from(ca).toString("base64"), "Fail")])[0] ?? "", /^Failed .*Policy Fail/);
  });

  it("is told of where it is empty, broken, missing, or not wanted", () => {
    assert.match(judge([{ metadata: { name: "clickscribe" } }])[0] ?? "", /^Failed .*is empty/);
    assert.match(judge([configuration("eA==")])[0] ?? "", /^Failed .*no certificate/);
    assert.match(judge([])[0] ?? "", /^Warning .*there is no ValidatingWebhookConfiguration clickscribe/);
    const without = settingsOf(deployment({ args: ["--no-webhook"] }));
    assert.match(judge([], { settings: without })[0] ?? "", /^Warning .*--no-webhook/);
    assert.deepEqual(judge([], { settings: undefined }), []);
  });
});
