import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { resolveBinaries } from "../control-plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { KUBERNETES_VERSION } from "../control-plane/pins.ts";
import { resolvePart } from "./parts/parts.ts";
import { PREVIOUS_KUBERNETES_VERSION } from "./parts/pins.ts";

describe("a control plane of the previous minor version", () => {
  const path = "/api/v1/namespaces/default/configmaps";
  let here: ControlPlane;
  let current: string;

  before(async () => {
    const [binaries, previous] = await Promise.all([resolveBinaries(), resolvePart("previous-kube-apiserver")]);
    current = binaries.kubeApiserver;
    here = await startControlPlane({ binaries: { ...binaries, kubeApiserver: previous } });
  });
  after(() => here.stop());

  const version = async (): Promise<string> => (await here.request("alice", "GET", "/version")).body.gitVersion;

  it("serves as that version, controllers and kubectl beside it", async () => {
    assert.equal(await version(), PREVIOUS_KUBERNETES_VERSION);
    const { stdout } = await here.kubectl(["get", "serviceaccount", "default", "-o", "name"], { user: "alice" });
    assert.equal(stdout, "serviceaccount/default\n");
  });

  it("is upgraded in place: same address, same objects", async () => {
    const created = await here.request("alice", "POST", path, { metadata: { name: "kept" }, data: { by: "alice" } });
    assert.equal(created.status, 201);
    const { uid, resourceVersion } = created.body.metadata;

    await here.stopApiserver();
    await here.startApiserver(current);
    assert.ok((await version()).startsWith(KUBERNETES_VERSION.split(".").slice(0, 2).join(".")));
    const kept = await here.request("alice", "GET", `${path}/kept`);
    assert.equal(kept.body.metadata.uid, uid);
    assert.equal(kept.body.metadata.resourceVersion, resourceVersion);
    assert.deepEqual(kept.body.data, { by: "alice" });
  });

  it("stays upgraded when it restarts", async () => {
    await here.restartApiserver();
    assert.notEqual(await version(), PREVIOUS_KUBERNETES_VERSION);
  });
});
