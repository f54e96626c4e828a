import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Capture, CaptureStatus } from "../../api/generated/capture.ts";
import { conditionReasons } from "../../api/reasons.ts";
import { captureItems } from "./judge-objects.ts";
import type { CheckItem } from "./report.ts";

function judged(status: CaptureStatus | undefined, generation = 1): readonly CheckItem[] {
  const capture: Capture = {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "Capture",
    metadata: { name: "all", namespace: "shop", uid: "u", generation },
    spec: { remote: { name: "platform" }, path: "apps" },
    ...(status && { status }),
  };
  return captureItems(capture);
}

function condition(type: string, status: "True" | "False", reason: string, message: string, observedGeneration = 1) {
  return { type, status, reason, message, observedGeneration, lastTransitionTime: "2027-01-01T00:00:00Z" };
}

const ready = condition("Ready", "True", "Succeeded", "4 objects of the cluster on main");

describe("a Capture", () => {
  it("that is ready passes, and says what is skipped and why", () => {
    const attributing = condition("Attributing", "True", "WebhookReached", "x");
    const items = judged({ conditions: [ready, attributing], skipped: { ControllerOwned: 2, HelmManaged: 7 } });
    assert.deepEqual(
      items.map(({ name, status }) => [name, status]),
      [
        ["ready", "Passed"],
        ["attributing", "Passed"],
        ["skipped", "Passed"],
      ],
    );
    assert.match(
      items[2]?.message ?? "",
      /^9 objects not in Git, by intent: 7 HelmManaged \(A Helm release owns it\); 2 C/,
    );
  });

  it("without status, or with one of an older spec, fails: nobody works", () => {
    assert.match(judged(undefined)[0]?.message ?? "", /no operator has said anything/);
    const stale = judged({ conditions: [ready] }, 2)[0];
    assert.equal(stale?.status, "Failed");
    assert.match(stale?.message ?? "", /last change/);
  });

  it("that is not ready says why and what to do, each once", () => {
    const { remedy } = conditionReasons.AuthenticationFailed;
    const message = `git.example.com refused the credentials. ${remedy}`;
    const [found] = judged({ conditions: [condition("Ready", "False", "AuthenticationFailed", message)] });
    assert.deepEqual(
      [found?.status, found?.message, found?.remedy],
      ["Failed", "AuthenticationFailed: git.example.com refused the credentials", remedy],
    );
    const token = "3 objects vanished; annotate the Capture with clickscribe.dev/confirm-deletions=x";
    const [waiting] = judged({ conditions: [condition("Ready", "False", "DeletionWaiting", token)] });
    assert.deepEqual([waiting?.message, waiting?.remedy], [`DeletionWaiting: ${token}`, ""]);
  });

  it("that is suspended is warned of, and so are unknown authors and kinds that may not be read", () => {
    const items = judged({
      conditions: [
        condition("Ready", "False", "Suspended", ""),
        condition("Attributing", "False", "WebhookUnreachable", "the API server admitted the probe"),
      ],
      notWatched: [
        { group: "apps", kind: "Deployment", reason: "AccessDenied", message: "x may not list: add the rule y" },
      ],
    });
    assert.deepEqual(
      items.map(({ name, status }) => [name, status]),
      [
        ["ready", "Warning"],
        ["attributing", "Warning"],
        ["not-watched-deployment.apps", "Warning"],
      ],
    );
    assert.equal(items[0]?.message, "Suspended: spec.suspend is true.");
    assert.equal(items[1]?.remedy, conditionReasons.WebhookUnreachable.remedy);
    assert.equal(items[2]?.remedy, "");
  });
});
