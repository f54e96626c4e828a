import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerJson, answerStatus, type Script, startScriptedServer } from "../../test/fakes/api-server.ts";
import { createFakeClock } from "../../test/fakes/clock.ts";
import type { Discovery } from "../ports.ts";
import type { Json } from "../values.ts";
import { discover } from "./discovery.ts";
import { createKubeHttp } from "./kube-http.ts";

async function discoverFrom(script: Script): Promise<{ readonly found: Discovery; readonly paths: readonly string[] }> {
  const server = await startScriptedServer(script);
  const parseJson = (text: string): Json => JSON.parse(text) as Json;
  const { connection } = server;
  const http = createKubeHttp({ connection, parseJson, clock: createFakeClock(), timeoutMs: 5_000 });
  try {
    return { found: await discover(http), paths: server.requests.map(({ path }) => path) };
  } finally {
    await http.close();
    await server.close();
  }
}

const aggregatedResource = (resource: string, kind: string, more: object = {}): object => ({
  resource,
  responseKind: { group: "", version: "", kind },
  scope: "Namespaced",
  verbs: ["get", "list", "watch"],
  ...more,
});
const aggregated = (...items: object[]): object => ({ kind: "APIGroupDiscoveryList", items });
const named = (found: Discovery): readonly string[] =>
  found.kinds.map(({ group, version, kind }) => `${group}/${version}/${kind}`);

describe("discover", () => {
  it("reads aggregated discovery in two requests: the preferred version of each kind, with scale", async () => {
    const core = aggregated({
      metadata: { name: "" },
      versions: [{ version: "v1", freshness: "Current", resources: [aggregatedResource("configmaps", "ConfigMap")] }],
    });
    const status = { subresource: "status", verbs: ["get"] };
    const scale = { subresource: "scale", responseKind: { group: "autoscaling", version: "v1", kind: "Scale" } };
    const groups = aggregated(
      {
        metadata: { name: "apps" },
        versions: [
          {
            version: "v1",
            freshness: "Current",
            resources: [
              aggregatedResource("deployments", "Deployment", {
                subresources: [status, scale],
                singularResource: "deployment",
                shortNames: ["deploy"],
              }),
            ],
          },
          {
            version: "v1beta1",
            freshness: "Current",
            resources: [
              aggregatedResource("deployments", "Deployment"),
              aggregatedResource("olds", "Old", { scope: "Cluster", verbs: ["get"] }),
            ],
          },
        ],
      },
      {
        metadata: { name: "metrics.k8s.io" },
        versions: [
          { version: "v1", freshness: "Stale", resources: [] },
          { version: "v1beta1", freshness: "Stale", resources: [] },
        ],
      },
    );
    const { found, paths } = await discoverFrom(({ path, headers }, response) => {
      assert.match(String(headers.accept), /^application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList,/);
      answerJson(response, 200, path === "/api" ? core : groups);
    });
    assert.deepEqual(paths.toSorted(), ["/api", "/apis"]);
    assert.deepEqual(named(found), ["/v1/ConfigMap", "apps/v1/Deployment", "apps/v1beta1/Old"]);
    assert.deepEqual(found.kinds[1], {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      resource: "deployments",
      namespaced: true,
      verbs: ["get", "list", "watch"],
      subresources: ["scale"],
    });
    assert.deepEqual([found.kinds[2]?.namespaced, found.kinds[2]?.verbs], [false, ["get"]]);
    assert.deepEqual(found.unavailable, ["metrics.k8s.io"]);
    assert.deepEqual(found.aliases?.get("apps/Deployment"), ["deployment", "deploy"]);
  });

  it("asks group by group where nothing is aggregated; a group that fails is unavailable, not empty", async () => {
    const resource = (name: string, kind: string): object => ({
      name,
      kind,
      namespaced: true,
      verbs: ["get", "list", "watch"],
    });
    const answers: Readonly<Record<string, object>> = {
      "/api": { kind: "APIVersions", versions: ["v1"] },
      "/api/v1": {
        resources: [
          { ...resource("pods", "Pod"), singularName: "pod", shortNames: ["po"] },
          resource("pods/status", "Pod"),
        ],
      },
      "/apis": {
        kind: "APIGroupList",
        groups: [
          {
            name: "apps",
            versions: [{ version: "v1beta1" }, { version: "v1" }],
            preferredVersion: { version: "v1" },
          },
          { name: "custom.metrics.k8s.io", versions: [{ version: "v1" }], preferredVersion: { version: "v1" } },
        ],
      },
      "/apis/apps/v1": {
        resources: [resource("deployments", "Deployment"), resource("deployments/scale", "Scale")],
      },
      "/apis/apps/v1beta1": { resources: [resource("deployments", "Deployment")] },
    };
    const { found } = await discoverFrom(({ path }, response) => {
      const answer = answers[path];
      if (answer === undefined) answerStatus(response, 503, "the server is currently unable to handle the request");
      else answerJson(response, 200, answer);
    });
    assert.deepEqual(named(found), ["/v1/Pod", "apps/v1/Deployment"]);
    assert.deepEqual(found.kinds[1]?.subresources, ["scale"]);
    assert.deepEqual(found.unavailable, ["custom.metrics.k8s.io"]);
    assert.deepEqual(found.aliases?.get("/Pod"), ["pod", "po"]);
  });

  it("fails rather than tell half of it", async () => {
    const groups = aggregated();
    await assert.rejects(
      discoverFrom(({ path }, response) =>
        path === "/api" ? answerStatus(response, 500, "no") : answerJson(response, 200, groups),
      ),
      /500: no/,
    );
    await assert.rejects(
      discoverFrom(({ path }, response) => {
        if (path === "/api") answerJson(response, 200, { kind: "APIVersions", versions: ["v1"] });
        else if (path === "/apis") answerJson(response, 200, groups);
        else answerStatus(response, 500, "no core");
      }),
      /500: no core/,
    );
  });
});
