/** A control plane, the webhook that it calls, and watches whose changes are attributed as a capture session does it. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createFactStore, type FactStore } from "../../operator/attribution/fact-store.ts";
import { toManifest } from "../../operator/manifest/to-manifest.ts";
import type { Clock, Log } from "../../operator/ports.ts";
import { createMetrics, type Metrics } from "../../operator/telemetry/metrics.ts";
import type { Author, ClusterChange, JsonObject } from "../../operator/values.ts";
import { createProbe, type Probe, type ProbeResult } from "../../webhooks/admission/probe.ts";
import { type RegistrationInput, registration } from "../../webhooks/admission/registration.ts";
import { createServingCertificate, type ServingCertificate } from "../../webhooks/certificate/create-certificate.ts";
import { admissionPathOf, build } from "../../webhooks/server.ts";
import type { ApiResponse } from "../control-plane/api-client.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { defineWidgets, kinds, namespace, pathOf, widgets } from "./kinds.ts";
import { type RawWatch, startRawWatch } from "./raw-watch.ts";

export interface Attributed {
  readonly change: ClusterChange;
  readonly author: Author;
}

export interface Setup {
  readonly controlPlane: ControlPlane;
  readonly facts: FactStore;
  readonly metrics: Metrics;
  readonly probe: Probe;
  readonly certificate: ServingCertificate;
  readonly port: number;
  readonly pathKey: string;
  /** Every change of an object, `Kind/name`, that a session would write down, with its author. */
  readonly attributed: (object: string) => readonly Attributed[];
  /** A request that must succeed. */
  readonly as: (
    user: string,
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ) => Promise<ApiResponse>;
  /** The author of the one change that `act` makes to an object. */
  readonly authorOf: (object: string, act: () => Promise<unknown>) => Promise<Author>;
  readonly register: (over?: Partial<RegistrationInput>) => Promise<ApiResponse>;
  /** Until the API server has taken in a registration, which it does within a second or two. */
  readonly probeUntil: (wanted: (result: ProbeResult) => boolean) => Promise<ProbeResult>;
  /** Posts a made-up review in which `ceo` changes the data of an object, and answers the status. */
  readonly forge: (path: string, object: object, data: object) => Promise<number>;
  readonly stop: () => Promise<void>;
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const clock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${timeoutMs} ms`);
    await sleep(5);
  }
}

export async function startSetup(): Promise<Setup> {
  const developerRules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
  const controlPlane = await startControlPlane({ progress: () => {}, developerRules });
  try {
    return await setUp(controlPlane);
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

async function setUp(controlPlane: ControlPlane): Promise<Setup> {
  const pathKey = "0f6c";
  const certificate = await createServingCertificate(["127.0.0.1"], Date.now());
  const metrics = createMetrics();
  const facts = createFactStore({ clock, meter: metrics });
  const noted = new Map<string, Attributed[]>();
  const watches: RawWatch[] = [];

  const as: Setup["as"] = async (user, method, path, body, contentType) => {
    const options = contentType === undefined ? {} : { contentType };
    const answer = await controlPlane.request(user, method, path, body, options);
    if (answer.status >= 300) assert.fail(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const probe = createProbe({
    cluster: {
      async create(object, options) {
        const query = options?.dryRun === true ? "?dryRun=All" : "";
        return (await as("admin", "POST", `/api/v1/namespaces/default/configmaps${query}`, object)).body;
      },
    },
    clock,
    log: silent,
    namespace: "default",
    target: "the webhook",
  });
  const https = { cert: certificate.cert, key: certificate.key };
  const app = build({ facts, probe, log: silent, meter: metrics, https, pathKey: () => pathKey });

  const stop = async (): Promise<void> => {
    for (const watch of watches) watch.close();
    await app.close();
    await controlPlane.stop();
  };
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;

  const register: Setup["register"] = (over = {}) => {
    const object = registration({
      name: "clickscribe",
      kinds,
      namespaces: [namespace],
      client: { url: `https://127.0.0.1:${port}${admissionPathOf(pathKey)}`, caBundle: certificate.ca },
      operatorUser: "system:serviceaccount:clickscribe:clickscribe",
      probeNamespace: "default",
      ...over,
    });
    const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/clickscribe";
    const query = "?fieldManager=clickscribe&force=true";
    return as("admin", "PATCH", `${path}${query}`, JSON.stringify(object), "application/apply-patch+yaml");
  };
  const probeUntil: Setup["probeUntil"] = (wanted) =>
    eventually("the probe's result", async () => {
      const result = await probe.run();
      return wanted(result) ? result : undefined;
    });

  /** As a capture session does: asks for what changed the manifest, for a mark of deletion, and for a delete. */
  const takeIn = (blobs: Map<string, string>, change: ClusterChange): void => {
    const key = `${change.identity.kind}/${change.identity.name}`;
    const metadata = change.object["metadata"] as JsonObject;
    const marked = change.type === "Upsert" && metadata["deletionTimestamp"] !== undefined;
    const manifest = change.type === "Delete" || marked ? undefined : toManifest(change.object);
    if (manifest !== undefined && blobs.get(key) === manifest.blob) return;
    const author = facts.attribute(change, manifest?.content);
    if (marked) return;
    if (manifest === undefined) blobs.delete(key);
    else blobs.set(key, manifest.blob);
    noted.set(key, [...(noted.get(key) ?? []), { change, author }]);
  };

  await as("admin", "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  await defineWidgets(controlPlane);
  await eventually("widgets", async () =>
    (await controlPlane.request("admin", "GET", pathOf(widgets))).status === 200 ? true : undefined,
  );
  await register();
  await probeUntil(({ reached }) => reached);
  for (const kind of kinds) {
    const blobs = new Map<string, string>();
    watches.push(await startRawWatch(controlPlane, kind, namespace, (change) => takeIn(blobs, change)));
  }

  return {
    controlPlane,
    facts,
    metrics,
    probe,
    certificate,
    port,
    pathKey,
    as,
    register,
    probeUntil,
    stop,
    attributed: (object) => noted.get(object) ?? [],
    async authorOf(object, act) {
      const seen = noted.get(object)?.length ?? 0;
      await act();
      await eventually(`a change of ${object}`, () => ((noted.get(object)?.length ?? 0) > seen ? true : undefined));
      await sleep(30);
      const now = noted.get(object) ?? [];
      assert.equal(now.length, seen + 1, `one change of ${object}`);
      return now.at(-1)?.author ?? assert.fail();
    },
    forge(path, object, data) {
      const review = {
        uid: "forged",
        operation: "UPDATE",
        userInfo: { username: "ceo", groups: [] },
        object: { ...object, data },
        oldObject: object,
      };
      const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: review });
      const headers = { "content-type": "application/json" };
      return new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, path, method: "POST", ca: certificate.ca, headers };
        const posted = httpsRequest(options, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        posted.on("error", reject);
        posted.end(body);
      });
    },
  };
}
