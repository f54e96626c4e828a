import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCreateConsumerConfig } from "../config/create-consumer.ts";
import { planOfApplication, planOfKustomization, planOfRepository } from "../consumers/consumer.ts";
import { isHere } from "../consumers/source.ts";
import { serialize } from "../manifest/serialize.ts";
import type { JsonObject } from "../values.ts";
import { type ConsumedPlace, credentialsNote, makeConsumer } from "./make-consumer.ts";

const place: ConsumedPlace = {
  url: "https://git.example.com/acme/platform.git",
  branch: "main",
  path: "apps/shop",
  namespace: "shop",
  secret: "git",
};

function made(words: string, at: ConsumedPlace = place): readonly JsonObject[] {
  const read = readCreateConsumerConfig({ argv: words.split(" "), env: {}, isTerminal: false, program: "clickscribe" });
  assert.ok(read.ok, JSON.stringify(read));
  return makeConsumer(read.config, at);
}
const problems = (words: string): readonly string[] => {
  const read = readCreateConsumerConfig({ argv: words.split(" "), env: {}, isTerminal: false, program: "clickscribe" });
  return read.ok ? [] : read.problems;
};
const text = (objects: readonly JsonObject[]): string => objects.map(serialize).join("---\n");

describe("create consumer", () => {
  it("makes an Application that looks into folders, prunes and heals itself", () => {
    assert.equal(
      text(made("shop --argocd")),
      `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
spec:
  destination:
    namespace: shop
    server: https://kubernetes.default.svc
  project: default
  source:
    directory:
      recurse: true
    path: apps/shop
    repoURL: https://git.example.com/acme/platform.git
    targetRevision: main
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
`,
    );
  });
  it("makes a GitRepository and a Kustomization", () => {
    assert.equal(
      text(made("shop --flux --interval 1m --no-prune --consumer-namespace gitops")),
      `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: shop
  namespace: gitops
spec:
  interval: 1m
  ref:
    branch: main
  secretRef:
    name: git
  url: https://git.example.com/acme/platform.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: gitops
spec:
  interval: 1m
  path: "./apps/shop"
  prune: false
  retryInterval: 1m
  sourceRef:
    kind: GitRepository
    name: shop
  targetNamespace: shop
  timeout: 2m
`,
    );
  });
  it("makes what is then found to apply the path, the root too", () => {
    for (const path of ["apps/shop", ""]) {
      const at = { ...place, path };
      const here = { url: "git@git.example.com:acme/platform", branch: "main", defaultBranch: "main", path };
      const [application] = made("shop --argocd", at);
      const [source] = planOfApplication(application ?? {}).sources;
      assert.ok(source && isHere(source, here));
      assert.ok(planOfApplication(application ?? {}).isRecursive);
      const [repository, kustomization] = made("shop --flux", at);
      const folder = planOfKustomization(kustomization ?? {}).path;
      assert.ok(isHere({ ...planOfRepository(repository ?? {}).source, path: folder }, here));
    }
  });
  it("says what credentials it needs, and holds none", () => {
    const config = {
      name: "shop",
      consumerNamespace: "argocd",
      interval: "10m",
      prune: true,
      selfHeal: true,
      project: "default",
    };
    assert.match(credentialsNote({ ...config, tool: "ArgoCD" }, place) ?? "", /secret-type=repository/);
    assert.match(credentialsNote({ ...config, tool: "Flux" }, place) ?? "", /copy it/);
    assert.equal(credentialsNote({ ...config, tool: "Flux", consumerNamespace: "shop" }, place), undefined);
    assert.equal(credentialsNote({ ...config, tool: "Flux" }, { ...place, secret: undefined }), undefined);
  });
  it("keeps hostile names within one value", () => {
    const hostile = { ...place, branch: "a\nkind: Evil", path: "x: {y}" };
    assert.doesNotMatch(text(made("shop --argocd", hostile)), /^kind: Evil/m);
  });
  it("wants to know who is to apply, and checks what it is given", () => {
    assert.deepEqual(problems("shop"), ["one of --argocd and --flux is required: who is to apply the path"]);
    assert.equal(problems("shop --argocd --flux").length, 1);
    assert.match(problems("shop --flux --interval soon").join(), /--interval must be a duration/);
    assert.match(problems("Shop --argocd").join(), /NAME must be lower case/);
  });
});
