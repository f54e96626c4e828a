import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Author } from "../values.ts";
import { isConsumer } from "./is-consumer.ts";

const person = (name: string): Author => ({
  rung: "Admission",
  person: name,
  groups: [],
  tool: undefined,
  evidence: "",
});
const nobody: Author = { rung: "None", candidates: [], evidence: "" };

describe("isConsumer", () => {
  it("knows Argo CD and Flux by their ServiceAccounts, wherever they live", () => {
    assert.ok(isConsumer(person("system:serviceaccount:argocd:argocd-application-controller"), undefined, []));
    assert.ok(isConsumer(person("system:serviceaccount:flux-system:kustomize-controller"), undefined, []));
  });
  it("lets nobody pass as one by a field manager when the user is known", () => {
    assert.ok(!isConsumer(person("alice"), "argocd-controller", []));
    assert.ok(!isConsumer(person("system:serviceaccount:shop:kustomize-controller-x"), "kustomize-controller", []));
  });
  it("knows those that a Capture names, by the user alone", () => {
    const appliers = ["system:serviceaccount:ci:deploy"];
    assert.ok(isConsumer(person("system:serviceaccount:ci:deploy"), "kubectl-client-side-apply", appliers));
    assert.ok(!isConsumer(person("system:serviceaccount:ci:other"), "kubectl-client-side-apply", appliers));
    assert.ok(!isConsumer(nobody, "kubectl-client-side-apply", appliers));
  });
  it("falls back on the field manager when nobody is known", () => {
    assert.ok(isConsumer(nobody, "kustomize-controller", []));
    assert.ok(!isConsumer(nobody, "kubectl-edit", []));
    assert.ok(!isConsumer(nobody, undefined, []));
  });
});
