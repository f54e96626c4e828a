import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Capture, CaptureSpec, CaptureStatus } from "../../api/generated/capture.ts";
import { conditionReasons, refusalReasons, skipReasons } from "../../api/reasons.ts";
import { everyKind, plainPolicy } from "../../manifest/policy.ts";
import type { JsonObject, Kind } from "../../values.ts";
import { type GitSide, judgeCluster, judgeGit, judgeWithoutGit } from "./judge.ts";

const capture = (status?: CaptureStatus, spec: Partial<CaptureSpec> = {}): Capture => ({
  apiVersion: "clickscribe.dev/v1alpha1",
  kind: "Capture",
  metadata: { name: "all", namespace: "shop", uid: "u" },
  spec: { remote: { name: "platform" }, path: "apps", ...spec },
  ...(status && { status }),
});
const plain = plainPolicy();
const kind: Kind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  resource: "deployments",
  namespaced: true,
  verbs: ["get", "list", "watch"],
  subresources: [],
};
const object = (metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", ...metadata },
});

describe("what the cluster alone tells", () => {
  it("is nothing of an object that is kept", () => {
    assert.equal(judgeCluster(capture(), plain, kind, object()), undefined);
    assert.equal(judgeCluster(capture(), plain, kind, undefined), undefined);
  });
  it("is why an object is skipped, and what to do", () => {
    const helm = object({ annotations: { "meta.helm.sh/release-name": "shop" } });
    assert.deepEqual(judgeCluster(capture(), plain, kind, helm), {
      capture: "shop/all",
      differences: [],
      verdict: "Skipped",
      reason: "HelmManaged",
      message: "A Helm release owns it: release shop",
      remedy: skipReasons.HelmManaged.remedy,
    });
    const exclude = [{ groups: ["apps"], kinds: ["*"] }];
    const left = judgeCluster(capture(), plainPolicy({ ...everyKind, exclude }), kind, undefined);
    assert.deepEqual([left?.reason, left?.message.includes("spec.resources.exclude")], ["NotSelected", true]);
    assert.equal(judgeCluster(capture(), plain, { ...kind, namespaced: false }, object())?.verdict, "Skipped");
  });
  it("is which right is missing, in the operator's words", () => {
    const message = "the operator may not list deployments: add the rule x";
    const notWatched = [{ group: "apps", kind: "Deployment", reason: "AccessDenied", message }];
    const answer = judgeCluster(capture({ notWatched }), plain, kind, object());
    assert.deepEqual([answer?.verdict, answer?.message, answer?.remedy], ["NotWatched", message, ""]);
  });
});

const git: GitSide = {
  remote: "https://h/r.git",
  branch: "main",
  path: "apps/deployment-web.yaml",
  hasFile: true,
  exists: true,
  state: "InSync",
  reason: undefined,
  detail: "",
  unsupported: undefined,
  hold: undefined,
  differences: [],
  lastCommit: undefined,
  lastChange: undefined,
};
const judge = (change: Partial<GitSide>, of: Capture = capture()): readonly (string | undefined)[] => {
  const { verdict, reason, message, remedy } = judgeGit(of, { ...git, ...change });
  return [verdict, reason, message, remedy];
};

describe("what the repository tells", () => {
  it("is where it stands when both agree", () => {
    const answer = judgeGit(capture(), git);
    assert.deepEqual([answer.verdict, answer.state, answer.path, answer.branch], ["InGit", "InSync", git.path, "main"]);
    assert.equal(judgeGit(capture(), { ...git, exists: false, hasFile: false }).verdict, "Nowhere");
  });
  it("is who is ahead", () => {
    assert.match(judge({ state: "GitAhead" })[2] ?? "", /file was changed in Git/);
    assert.match(judge({ state: "GitAhead", hasFile: false })[2] ?? "", /file was removed in Git/);
    assert.match(judge({ state: "GitAhead", exists: false })[2] ?? "", /the cluster does not/);
    assert.deepEqual(judge({ state: "ClusterAhead" }), [
      "Differs",
      undefined,
      "it changed in the cluster, and is about to be written",
      "",
    ]);
    assert.match(judge({ state: "ClusterAhead", exists: false })[2] ?? "", /^it was deleted/);
    assert.match(judge({ state: "ClusterAhead", hasFile: false })[2] ?? "", /^it is new/);
  });
  it("is what stands in the way", () => {
    const { means, remedy } = refusalReasons.PathOccupied;
    const said = judge({ state: "Diverged", reason: "PathOccupied", detail: "apps/x.yaml" });
    assert.deepEqual(said, ["Differs", "PathOccupied", `${means.slice(0, -1)}: apps/x.yaml`, remedy]);
    assert.equal(
      judge({ state: "Diverged", reason: "FirstContact", detail: "FirstContact" })[2],
      refusalReasons.FirstContact.means.slice(0, -1),
    );
    const ahead = { state: "ClusterAhead" } as const;
    assert.equal(judge(ahead, capture(undefined, { suspend: true }))[1], "Suspended");
    assert.equal(judge({ ...ahead, unsupported: "Chart.yaml" })[1], "UnsupportedLayout");
    assert.deepEqual(judge({ ...ahead, hold: "DetectOnly" }).slice(1), [
      "DetectOnly",
      `it changed in the cluster. ${refusalReasons.DetectOnly.means}`,
      refusalReasons.DetectOnly.remedy,
    ]);
    const condition = { type: "Ready", status: "False", reason: "SourceRefused", message: "protected" } as const;
    const refused = capture({ conditions: [{ ...condition, lastTransitionTime: "" }] });
    assert.deepEqual(judge(ahead, refused).slice(1), [
      "SourceRefused",
      "it changed in the cluster, and the Capture is not ready: SourceRefused: protected",
      conditionReasons.SourceRefused.remedy,
    ]);
  });
});

describe("without the repository", () => {
  const why = { why: "you may not read the Secret", remedy: "ask" };
  it("the Capture's counts tell, if all is in sync", () => {
    const all = capture({ objects: { inScope: 4, inSync: 4 } });
    assert.equal(judgeWithoutGit(all, true, why).verdict, "InGit");
    assert.equal(judgeWithoutGit(all, false, why).verdict, "Unknown");
    const some = judgeWithoutGit(capture({ objects: { inScope: 4, inSync: 3 } }), true, why);
    assert.deepEqual([some.verdict, some.remedy], ["Unknown", "ask"]);
    assert.match(some.message, /3 of 4 objects in scope are in sync: you may not read the Secret/);
    assert.equal(judgeWithoutGit(capture(), true, why).verdict, "Unknown");
  });
});
