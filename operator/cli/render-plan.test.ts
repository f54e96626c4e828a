import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { refusalReasons } from "../api/reasons.ts";
import type { PlanResult } from "../sync/plan-result.ts";
import type { Identity } from "../values.ts";
import { renderPlan } from "./render-plan.ts";

const testdata = join(dirname(fileURLToPath(import.meta.url)), "testdata");
const object = (kind: string, name: string, group = ""): Identity => ({ group, kind, namespace: "shop", name });
const deployment = (replicas: number): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: ${replicas}\n`;

const empty: PlanResult = {
  capture: { namespace: "shop", name: "shop" },
  remote: "https://git.example.com/acme/platform.git",
  branch: "main",
  path: "",
  wouldWrite: [],
  unchanged: 0,
  skipped: {},
  refused: [],
  notWatched: [],
};

const full: PlanResult = {
  ...empty,
  path: "apps/shop",
  wouldWrite: [
    {
      path: "apps/shop/deployments/web.yaml",
      change: "Update",
      identity: object("Deployment", "web", "apps"),
      before: deployment(3),
      after: deployment(5),
    },
    {
      path: "apps/shop/configmaps/app.yaml",
      change: "Create",
      identity: object("ConfigMap", "app"),
      after: "apiVersion: v1\nkind: ConfigMap\ndata:\n  color: red\n",
    },
    {
      path: "apps/shop/old.yaml",
      change: "Delete",
      identity: object("Service", "old"),
      before: "apiVersion: v1\nkind: Service\n",
    },
  ],
  unchanged: 30,
  skipped: {
    SecretExcluded: { count: 1, examples: [object("Secret", "git")] },
    ControllerOwned: { count: 12, examples: [object("ReplicaSet", "web-6d4"), object("Pod", "web-6d4-x")] },
  },
  refused: [
    {
      identity: object("ConfigMap", "theirs"),
      path: "apps/shop/theirs.yaml",
      reason: "PathOccupied",
      detail: "the file holds Service api.",
    },
    { identity: undefined, path: undefined, reason: "RefRefused", detail: "pre-receive hook declined" },
  ],
  notWatched: [
    { group: "example.com", kind: "Widget", reason: "AccessDenied", message: "list widgets.example.com is forbidden" },
  ],
};

const hostile: PlanResult = {
  ...empty,
  wouldWrite: [
    {
      path: "a\u001b[31m.yaml",
      change: "Create",
      identity: object("ConfigMap", "a\u202eb\nc"),
      after: "data: \u001b]0;title\u0007\n",
    },
  ],
};

describe("renderPlan", () => {
  for (const [name, plan, color] of [
    ["full", full, false],
    ["colored", full, true],
    ["empty", empty, false],
    ["hostile", hostile, false],
  ] as const) {
    it(`prints ${name}.txt`, () => {
      assert.equal(renderPlan(plan, { color }), readFileSync(join(testdata, `${name}.txt`), "utf8"));
    });
  }

  it("says that nothing is written where a Capture only watches", () => {
    const text = renderPlan({ ...full, held: "ReadOnly" }, { color: false });
    const { means } = refusalReasons.ReadOnly;
    assert.equal(
      text.split("\n")[0],
      `Capture shop/shop would watch apps/shop on main of ${full.remote}, and tell what differs. ${means}`,
    );
  });

  it("tells of each credential where it stands", () => {
    const identity = object("ConfigMap", "app");
    const details = [{ identity, detail: "a GitHub token at /data/\u001b[2Jx" }];
    const text = renderPlan(
      { ...empty, skipped: { CredentialInClear: { count: 1, examples: [identity], details } } },
      {
        color: false,
      },
    );
    assert.match(text, /\n {4}ConfigMap shop\/app: a GitHub token at \/data\/\\u\{1b\}\[2Jx\n/);
  });
  it("lets nothing of the cluster speak to the terminal", () => {
    // oxlint-disable-next-line no-control-regex -- what must not be there
    assert.doesNotMatch(renderPlan(hostile, { color: false }), /[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});
