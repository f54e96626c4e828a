import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import { equalJson } from "../merge/contains.ts";
import type { Json, JsonObject } from "../values.ts";
import { clean, isOf } from "./clean.ts";
import { parseJson } from "./parse-json.ts";
import { everyKind, perKind } from "./rules.ts";
import { serialize } from "./serialize.ts";
import { stringifyJson } from "./stringify-json.ts";
import { toManifest } from "./to-manifest.ts";

const parse = (text: string): JsonObject => parseJson(text) as JsonObject;
const raw = (object: object): JsonObject => parse(JSON.stringify(object));
const cleaned = (object: object): unknown => JSON.parse(stringifyJson(clean(raw(object))));

/** Each folder: `live.json` as a real API server gave it, `manifest.yaml` as it is to be written. */
const testdata = join(dirname(fileURLToPath(import.meta.url)), "testdata");

describe("toManifest, as a real API server has the object", () => {
  for (const name of readdirSync(testdata)) {
    const read = (file: string): string => readFileSync(join(testdata, name, file), "utf8");
    const live = parse(read("live.json"));
    it(name, () => assert.equal(toManifest(live).text, read("manifest.yaml")));
    it(`${name}: cleaning it again changes nothing`, () => {
      assert.equal(serialize(clean(clean(live))), read("manifest.yaml"));
    });
  }
});

/** Objects whose fields are those that rules look for, with values that they do not expect. */
const suspicious: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.constantFrom(...Object.keys(perKind), "Widget.example.com", "constructor.", "__proto__.", "Role.k8s.io"),
    fc.array(
      fc.tuple(
        fc.constantFrom(...[...Object.values(perKind).flat(), ...everyKind].map(({ path }) => path)),
        fc.oneof(jsonObject, fc.constantFrom<Json>(null, "", "None", 0, true, [], ["None"], [null], [{}], {}, "yes")),
        fc.constantFrom("uid", "name", "orphan", "pod-template-hash", "x", "__proto__", "clickscribe.dev/x"),
      ),
      { maxLength: 6 },
    ),
    jsonObject,
  )
  .map(([kindGroup, places, rest]) => {
    const dot = kindGroup.indexOf(".");
    const group = kindGroup.slice(dot + 1);
    const object = JSON.parse(stringifyJson(rest)) as Record<string, Json>;
    object["apiVersion"] = group === "" ? "v1" : `${group}/v1`;
    object["kind"] = kindGroup.slice(0, dot);
    for (const [path, value, key] of places) set(object, path, value, key);
    return parse(JSON.stringify(object));
  });

function set(object: Record<string, Json>, path: readonly string[], value: Json, key: string): void {
  let at: Record<string, Json> = object;
  for (const [i, step] of path.entries()) {
    const name = step === "*" ? key : step;
    if (i === path.length - 1) Object.defineProperty(at, name, { value, enumerable: true, configurable: true });
    else {
      const next = Object.hasOwn(at, name) ? at[name] : undefined;
      if (next === null || typeof next !== "object" || Array.isArray(next) || !Object.isExtensible(next))
        Object.defineProperty(at, name, { value: {}, enumerable: true, configurable: true, writable: true });
      at = Object.getOwnPropertyDescriptor(at, name)?.value as Record<string, Json>;
    }
  }
}

describe("clean", () => {
  it("is total and idempotent, leaves its input alone, and drops no field that no rule names", () => {
    fc.assert(
      fc.property(fc.oneof(suspicious, jsonObject), (object) => {
        const before = stringifyJson(object);
        const once = clean(object);
        assert.equal(stringifyJson(object), before);
        assert.equal(stringifyJson(clean(once)), stringifyJson(once));
      }),
      { numRuns: 1000 },
    );
  });

  it("lets a custom resource pass as it is, but for what the API server adds", () => {
    fc.assert(
      fc.property(jsonObject, (spec) => {
        const bare = parse(
          `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":${stringifyJson(spec)}}`,
        );
        const live = parse(
          `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","uid":"u","resourceVersion":"1","generation":2,"creationTimestamp":"t","managedFields":[{}]},"spec":${stringifyJson(spec)},"status":{}}`,
        );
        assert.ok(equalJson(clean(live), clean(bare)));
        if (!stringifyJson(spec).includes("creationTimestamp")) assert.ok(equalJson(clean(live), bare));
      }),
    );
  });

  const widget = { apiVersion: "example.com/v1", kind: "Widget" };
  const withMeta = (metadata: object, more: object = {}): object => ({
    ...widget,
    metadata: { name: "a", ...metadata },
    ...more,
  });

  it("removes what the API server owns of metadata, and only there", () => {
    const server = {
      uid: "u",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "t",
      deletionTimestamp: "t",
      deletionGracePeriodSeconds: 0,
      selfLink: "/",
      managedFields: [],
    };
    assert.deepEqual(
      cleaned(
        withMeta({ ...server, generateName: "a-", ownerReferences: [{ uid: "u" }] }, { spec: server, uid: "kept" }),
      ),
      withMeta({}, { spec: server, uid: "kept" }),
    );
  });

  it("removes annotations, labels and finalizers of controllers, keeps a user's, and leaves no empty map of its making", () => {
    const annotations = {
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
      "deployment.kubernetes.io/revision": "1",
      "argocd.argoproj.io/tracking-id": "x",
      "clickscribe.dev/x": "y",
    };
    const labels = { "pod-template-hash": "x", "controller-revision-hash": "y" };
    const finalizers = ["kubernetes.io/pvc-protection", "foregroundDeletion", "orphan"];
    assert.deepEqual(cleaned(withMeta({ annotations, labels, finalizers })), withMeta({}));
    const mine = {
      annotations: {
        "argocd.argoproj.io/sync-wave": "1",
        "clickscribe.dev/capture": "true",
        "kubectl.kubernetes.io/restartedAt": "t",
        "deployment.kubernetes.iox": "1",
      },
      labels: { app: "web" },
      finalizers: ["resources-finalizer.argocd.argoproj.io"],
    };
    assert.deepEqual(
      cleaned(
        withMeta({
          annotations: { ...annotations, ...mine.annotations },
          labels: { ...labels, ...mine.labels },
          finalizers: [...finalizers, ...mine.finalizers],
        }),
      ),
      withMeta(mine),
    );
    assert.deepEqual(
      cleaned(withMeta({ annotations: {}, finalizers: [] })),
      withMeta({ annotations: {}, finalizers: [] }),
    );
  });

  it("keeps a null that a custom resource may mean, and none of a built-in kind", () => {
    const metadata = { name: "a" };
    const template = { metadata: { creationTimestamp: null, name: "t" }, value: null, list: [null] };
    assert.deepEqual(cleaned({ ...widget, metadata, spec: { template } }), {
      ...widget,
      metadata,
      spec: { template: { metadata: { name: "t" }, value: null, list: [null] } },
    });
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata };
    assert.deepEqual(cleaned({ ...deployment, spec: { template } }), {
      ...deployment,
      spec: { template: { metadata: { name: "t" }, list: [null] } },
    });
    const gateway = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata, spec: { a: null } };
    assert.deepEqual(cleaned(gateway), gateway);
  });

  it("keeps empty maps, lists and strings, zero and false", () => {
    const spec = { a: {}, b: [], c: "", d: 0, e: false, f: [{}], g: { h: {} } };
    assert.deepEqual(cleaned(withMeta({}, { spec })), withMeta({}, { spec }));
  });

  const service = (spec: object, managed?: object): object => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "a",
      uid: "u",
      ...(managed && { managedFields: [{ manager: "m", fieldsV1: { "f:spec": managed } }] }),
    },
    spec,
  });
  const specOf = (object: object): unknown => (cleaned(object) as { spec: unknown }).spec;

  it("removes an address that was allocated, keeps None and one that somebody set", () => {
    const allocated = { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], healthCheckNodePort: 30001 };
    assert.deepEqual(specOf(service(allocated)), {});
    assert.deepEqual(specOf(service(allocated, {})), {});
    assert.deepEqual(specOf(service({ clusterIP: "None", clusterIPs: ["None"] })), {
      clusterIP: "None",
      clusterIPs: ["None"],
    });
    assert.deepEqual(specOf(service(allocated, { "f:clusterIP": {}, "f:healthCheckNodePort": {} })), allocated);
  });

  it("tells a chosen node port from an allocated one in the same Service", () => {
    const ports = [
      { port: 80, protocol: "TCP", nodePort: 30080 },
      { port: 80, protocol: "UDP", nodePort: 31111 },
    ];
    const managed = {
      "f:ports": {
        'k:{"port":80,"protocol":"TCP"}': { "f:nodePort": {} },
        'k:{"port":80,"protocol":"UDP"}': { "f:port": {} },
      },
    };
    assert.deepEqual(specOf(service({ ports }, managed)), { ports: [ports[0], { port: 80, protocol: "UDP" }] });
    assert.deepEqual(specOf(service({ ports })), {
      ports: [
        { port: 80, protocol: "TCP" },
        { port: 80, protocol: "UDP" },
      ],
    });
  });

  it("keeps what a controller filled in only where a user had a say", () => {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "a" } };
    const rules = [{ verbs: ["get"] }];
    assert.deepEqual(cleaned({ ...role, rules }), { ...role, rules });
    assert.deepEqual(cleaned({ ...role, aggregationRule: {}, rules }), { ...role, aggregationRule: {} });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "web" } };
    const pull = { imagePullSecrets: [{ name: "web-dockercfg-x7k2p" }, { name: "registry" }] };
    assert.deepEqual(cleaned({ ...account, ...pull, secrets: [{ name: "web-token-x7k2p" }] }), {
      ...account,
      imagePullSecrets: [{ name: "registry" }],
    });
  });

  it("removes what admission added to a Pod, and nothing that looks like it", () => {
    const pod = (spec: object, managed?: object): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "a",
        uid: "u",
        managedFields: [{ manager: "m", fieldsV1: { "f:spec": { ...managed } } }],
      },
      spec,
    });
    const lost = { operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 };
    const added = [
      { key: "node.kubernetes.io/not-ready", ...lost },
      { key: "node.kubernetes.io/unreachable", ...lost },
    ];
    const mine = [{ key: "node.kubernetes.io/not-ready", ...lost, tolerationSeconds: 5 }, { key: "gpu" }];
    const all = [{ operator: "Exists" }, ...added];
    const token = { name: "kube-api-access-x7k2p", projected: {} };
    const mount = { name: token.name, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" };
    const own = { name: "kube-api-access-own", projected: {} };
    const elsewhere = { name: token.name, mountPath: "/token" };
    const scheduled = { nodeName: "n", serviceAccount: "a", priority: 1, preemptionPolicy: "Never" };
    assert.deepEqual(
      specOf(
        pod({
          ...scheduled,
          priorityClassName: "p",
          tolerations: added,
          volumes: [token],
          containers: [{ name: "a", volumeMounts: [mount] }],
          initContainers: [{ name: "i", volumeMounts: [elsewhere, mount] }],
        }),
      ),
      {
        priorityClassName: "p",
        containers: [{ name: "a" }],
        initContainers: [{ name: "i", volumeMounts: [elsewhere] }],
      },
    );
    assert.deepEqual(specOf(pod({ tolerations: [...mine, added[1]], volumes: [token, own] })), {
      tolerations: mine,
      volumes: [own],
    });
    assert.deepEqual(specOf(pod({ tolerations: all })), { tolerations: all });
    const chosen = { preemptionPolicy: "Never" };
    assert.deepEqual(specOf(pod(chosen, { "f:preemptionPolicy": {} })), chosen);
  });

  it("is total for what is nested as deep as the API server stores it", () => {
    for (const [start, end] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const deep = `${start.repeat(9000)}1.0${end.repeat(9000)}`;
      const object = parse(`{"kind":"Widget","metadata":{"name":"a","uid":"u"},"spec":{"a":null,"deep":${deep}}}`);
      const once = clean(object);
      assert.deepEqual(Object.keys(once), ["kind", "metadata", "spec"]);
      assert.deepEqual(once["metadata"], { name: "a" });
    }
  });

  it("says of every rule why, and where that is known from", () => {
    for (const { reason, source } of [...everyKind, ...Object.values(perKind).flat()]) {
      assert.ok(reason.length > 5 && source.length > 5);
    }
  });
});

it("applies a rule from the version it begins with to the one it ends with", () => {
  const rule = { path: ["a"], reason: "", source: "" };
  assert.deepEqual(
    [1, 2, 3].map((version) => isOf({ ...rule, since: 2 }, version)),
    [false, true, true],
  );
  assert.deepEqual(
    [1, 2, 3].map((version) => isOf({ ...rule, until: 2 }, version)),
    [true, true, false],
  );
  assert.deepEqual(
    [1, 2, 3].map((version) => isOf(rule, version)),
    [true, true, true],
  );
});
