import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { JsonObject } from "../values.ts";
import { injectedParts } from "./injected.ts";

const pod = (annotations: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", annotations },
  spec: {
    containers: [{ name: "app" }, { name: "istio-proxy" }],
    initContainers: [{ name: "istio-init" }],
    volumes: [{ name: "istio-envoy" }, { name: "data" }],
  },
});

it("names what an injector put into a Pod", () => {
  assert.deepEqual(injectedParts(pod({ "sidecar.istio.io/status": "{}" })), [
    { path: "/spec/containers/1", what: "the container istio-proxy, by Istio" },
    { path: "/spec/initContainers/0", what: "the init container istio-init, by Istio" },
    { path: "/spec/volumes/0", what: "the volume istio-envoy, by Istio" },
  ]);
});
it("names nothing without the injector's mark, or of another kind", () => {
  assert.deepEqual(injectedParts(pod({})), []);
  assert.deepEqual(injectedParts({ ...pod({ "sidecar.istio.io/status": "{}" }), kind: "PodTemplate" }), []);
});
it("answers for anything", () => {
  fc.assert(
    fc.property(
      jsonObject,
      jsonObject,
      (metadata, spec) => void injectedParts({ apiVersion: "v1", kind: "Pod", metadata, spec }),
    ),
  );
});
