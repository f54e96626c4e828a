import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ParsedSpecs, parseSpecs } from "./parse-specs.ts";

const remote = `apiVersion: clickscribe.dev/v1alpha1
kind: GitRemote
metadata: {name: platform}
spec: {url: "https://git.example.com/acme/platform.git"}
`;
const capture = (spec = ""): string => `apiVersion: clickscribe.dev/v1alpha1
kind: Capture
metadata: {name: shop, namespace: shop}
spec: {remote: {name: platform}, path: apps/shop${spec}}
`;

function problems(text: string): readonly string[] {
  const parsed: ParsedSpecs = parseSpecs(text, "default");
  return parsed.ok ? [] : parsed.problems;
}

describe("parseSpecs", () => {
  it("gives Captures and GitRemotes as they would be stored", () => {
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: git}\n";
    const parsed = parseSpecs([remote, capture(), secret, ""].join("---\n"), "default");
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.remotes, [
      {
        apiVersion: "clickscribe.dev/v1alpha1",
        kind: "GitRemote",
        metadata: { name: "platform", namespace: "default", uid: "" },
        spec: {
          url: "https://git.example.com/acme/platform.git",
          allowInsecure: false,
          access: "ReadWrite",
          record: { prefix: "refs/clickscribe" },
          commit: {
            author: "Person",
            committer: { name: "clickscribe", email: "clickscribe@clickscribe.invalid" },
            subjectTemplate: "{summary}",
          },
          timeout: "60s",
        },
      },
    ]);
    assert.deepEqual(parsed.captures, [
      {
        apiVersion: "clickscribe.dev/v1alpha1",
        kind: "Capture",
        metadata: { name: "shop", namespace: "shop", uid: "" },
        spec: {
          remote: { name: "platform" },
          path: "apps/shop",
          protect: { mode: "None" },
          branch: "",
          resources: { include: [{ groups: ["*"], kinds: ["*"] }], exclude: [], selector: {}, optIn: false },
          managedBy: { gitops: "Skip", helm: "Skip", olm: "Skip", operators: "Skip" },
          fields: { ignore: [], defaults: "Keep" },
          secrets: { allow: [] },
          prune: { mode: "Delete", confirmAbove: 10 },
          layout: { mode: "Neighbours" },
          onConflict: "Hold",
          delivery: { mode: "Push" },
          drift: { after: "10m" },
          batching: { quietPeriod: "3s", maxWait: "30s" },
          suspend: false,
        },
      },
    ]);
  });

  const wrong: readonly (readonly [text: string, problem: string | RegExp])[] = [
    [
      capture(", layout: {mode: flat}"),
      "Capture shop: spec.layout.mode must be one of Neighbours, Flat, ByNamespace, ByKind, Template",
    ],
    [capture(", protekt: {mode: None}"), "Capture shop: there is no field spec.protekt"],
    [capture(", prune: {confirmAbove: -1}"), "Capture shop: spec.prune.confirmAbove must be >= 0"],
    [
      capture(", resources: {include: [{groups: [apps]}]}"),
      "Capture shop: spec.resources.include[0].kinds is required",
    ],
    [capture(", suspend: maybe"), "Capture shop: spec.suspend must be boolean"],
    [capture().replace(", path: apps/shop", ""), "Capture shop: spec.path is required"],
    [
      remote.replace("spec", "spce"),
      "GitRemote platform: spec is required\nGitRemote platform: there is no field spce",
    ],
    [remote.replace("GitRemote", "GitRepo"), "document 1: there is no kind GitRepo in clickscribe.dev"],
    [remote.replace("v1alpha1", "v9"), "GitRemote platform: apiVersion must be one of clickscribe.dev/v1alpha1"],
    ["a: [", /^document 1: /],
    ["hello", "document 1: is no Kubernetes object: it needs apiVersion, kind and metadata.name"],
    [
      "kind: Capture\napiVersion: 1",
      "document 1: is no Kubernetes object: it needs apiVersion, kind and metadata.name",
    ],
  ];
  for (const [text, problem] of wrong) {
    it(`refuses with: ${problem}`, () => {
      const found = problems(text).join("\n");
      if (typeof problem === "string") assert.equal(found, problem);
      else assert.match(found, problem);
    });
  }

  it("reports every problem of every document", () => {
    const text = [remote.replace("spec", "spce"), capture(", layout: {mode: x}, prune: {mode: z}")].join("---\n");
    assert.equal(problems(text).length, 4);
  });
});
