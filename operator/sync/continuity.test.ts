import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RecordMeta } from "../values.ts";
import { checkContinuity } from "./continuity.ts";

const meta = (clusterUid: string, namespaceUid: string): RecordMeta => ({
  format: 1,
  rules: 1,
  cluster: { name: "dev", uid: clusterUid },
  capture: { namespace: "shop", name: "all", uid: "c" },
  namespaces: { shop: namespaceUid },
  remote: "https://git.example.com/a.git",
  branch: "main",
  path: "apps/shop",
  sourceCommit: undefined,
});

describe("checkContinuity", () => {
  it("takes a first record and the same cluster as they are", () => {
    assert.equal(checkContinuity(undefined, meta("a", "n"), undefined).verdict, "Same");
    assert.equal(checkContinuity(meta("a", "n"), meta("a", "n"), undefined).verdict, "Same");
  });

  it("stops when the cluster or the namespace is another, naming what to write to go on", () => {
    const cluster = checkContinuity(meta("a", "n"), meta("b", "n"), undefined);
    assert.ok(cluster.verdict === "Replaced");
    assert.match(cluster.message, /clickscribe\.dev\/accept-cluster=b/);
    const namespace = checkContinuity(meta("a", "n"), meta("a", "m"), undefined);
    assert.ok(namespace.verdict === "Replaced");
    assert.match(namespace.message, /accept-cluster=m/);
  });

  it("takes nothing over from a capture of the same name that wrote to another branch or path", () => {
    const before = meta("a", "n");
    assert.equal(checkContinuity(before, { ...before, branch: "dev" }, undefined).verdict, "Accepted");
    assert.equal(checkContinuity(before, { ...before, path: "apps" }, undefined).verdict, "Accepted");
    assert.equal(checkContinuity(before, { ...meta("b", "n"), path: "apps" }, undefined).verdict, "Replaced");
  });

  it("goes on only for the UID that a person wrote", () => {
    assert.equal(checkContinuity(meta("a", "n"), meta("b", "n"), "b").verdict, "Accepted");
    assert.equal(checkContinuity(meta("a", "n"), meta("b", "n"), "a").verdict, "Replaced");
  });
});
