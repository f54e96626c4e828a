/** What `-o json` prints speaks to no terminal either. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCliCluster, say } from "../../../test/fakes/command-line.ts";
import { retry } from "../../failures.ts";

const evil = "a\u001b[31m\u009b31m\u202eb\u2028";
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const speaks = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cf}\u2028\u2029]/u;

describe("-o json", () => {
  it("of check", async () => {
    const connect = () => Promise.reject(retry("ClusterUnreachable", evil));
    const { out } = await say(["check", "-o", "json"], undefined, { connect });
    assert.doesNotMatch(out, speaks);
    assert.equal(JSON.parse(out).items[0].message, evil);
  });

  it("of explain", async () => {
    const { out } = await say(["explain", `configmap/${evil}`, "-o", "json"], createCliCluster());
    assert.doesNotMatch(out, speaks);
    assert.equal(JSON.parse(out).object.name, evil);
  });

  it("of plan", async () => {
    const plan = (): never => ({ evil }) as never;
    const file = `
apiVersion: clickscribe.dev/v1alpha1
kind: GitRemote
metadata: {name: r, namespace: shop}
spec: {url: https://h/r.git}
---
apiVersion: clickscribe.dev/v1alpha1
kind: Capture
metadata: {name: all, namespace: shop}
spec: {remote: {name: r}, path: apps}
`;
    const context = { readText: () => file, actions: { run: () => assert.fail(), plan } };
    const { out } = await say(["plan", "-f", "x.yaml", "-o", "json"], undefined, context);
    assert.doesNotMatch(out, speaks);
    assert.equal(JSON.parse(out).evil, evil);
  });
});
