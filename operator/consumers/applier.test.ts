import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Author } from "../values.ts";
import { applierOf } from "./applier.ts";

const person = (name: string): Author => ({
  rung: "Admission",
  person: name,
  groups: [],
  tool: undefined,
  evidence: "",
});
const nobody: Author = { rung: "None", candidates: [], evidence: "" };

describe("applierOf", () => {
  it("knows Argo CD and Flux by their ServiceAccounts, wherever they live", () => {
    assert.equal(
      applierOf(person("system:serviceaccount:argocd:argocd-application-controller"), undefined, []),
      "ArgoCD",
    );
    assert.equal(applierOf(person("system:serviceaccount:flux-system:kustomize-controller"), undefined, []), "Flux");
    assert.equal(applierOf(person("system:serviceaccount:gitops:helm-controller"), undefined, []), "Flux");
  });
  it("lets nobody pass as one by a field manager when the user is known", () => {
    assert.equal(applierOf(person("alice"), "argocd-controller", []), undefined);
    assert.equal(
      applierOf(person("system:serviceaccount:shop:kustomize-controller-x"), "kustomize-controller", []),
      undefined,
    );
  });
  it("knows those that a Capture names, by the user alone", () => {
    const appliers = ["system:serviceaccount:ci:deploy"];
    assert.equal(applierOf(person("system:serviceaccount:ci:deploy"), "kubectl-client-side-apply", appliers), "Other");
    assert.equal(applierOf(person("system:serviceaccount:ci:other"), "kubectl-client-side-apply", appliers), undefined);
    assert.equal(applierOf(nobody, "kubectl-client-side-apply", appliers), undefined);
  });
  it("falls back on the field manager when nobody is known", () => {
    assert.equal(applierOf(nobody, "kustomize-controller", []), "Flux");
    assert.equal(applierOf(nobody, "argocd-controller", []), "ArgoCD");
    assert.equal(applierOf(nobody, "kubectl-edit", []), undefined);
    assert.equal(applierOf(nobody, undefined, []), undefined);
  });
});
