import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treeOf } from "../../test/fixtures/tree.ts";
import { blobId } from "../manifest/blob-id.ts";
import { survey } from "./survey.ts";

const link = { mode: "120000", oid: blobId("../secret") };
const submodule = { mode: "160000", oid: blobId("submodule") };

const nothing = { verdict: "Supported", files: [], skipped: [] };

describe("survey", () => {
  it("lists the manifests below the path with their blobs, whatever else lies beside them", () => {
    const tree = treeOf({
      "README.md": "x",
      "apps/shop/a.yaml": "a",
      "apps/shop/b/c.yml": "c",
      "apps/shop/D.JSON": "d",
      "apps/shop/notes.md": "n",
      "apps/shop.yaml": "not below",
      "apps/shop2/x.yaml": "not below",
    });
    assert.deepEqual(survey(tree, "apps/shop"), {
      verdict: "Supported",
      files: [
        { path: "apps/shop/D.JSON", blob: blobId("d") },
        { path: "apps/shop/a.yaml", blob: blobId("a") },
        { path: "apps/shop/b/c.yml", blob: blobId("c") },
      ],
      skipped: [],
    });
  });

  it("takes a path that does not exist yet", () => {
    assert.deepEqual(survey(treeOf({ "README.md": "x" }), "apps/shop"), nothing);
    assert.deepEqual(survey(treeOf({}), ""), nothing);
  });

  for (const [name, path, detail] of [
    ["a kustomization at the path", "apps/shop/kustomization.yaml", /holds a kustomization/],
    ["one without extension", "apps/shop/Kustomization", /holds a kustomization/],
    ["one below", "apps/shop/x/y/kustomization.yml", /holds a kustomization \(apps\/shop\/x\/y/],
    ["one above", "apps/kustomization.yaml", /lies under a kustomization \(apps\/kustomization.yaml\)/],
    ["one at the root", "kustomization.yaml", /lies under a kustomization \(kustomization.yaml\)/],
    ["a chart", "apps/Chart.yaml", /Helm chart/],
    ["a chart in another case", "apps/shop/chart.YAML", /Helm chart/],
    ["Terraform", "main.tf", /Terraform/],
    ["Terraform as JSON", "apps/shop/main.tf.json", /Terraform/],
  ] as const) {
    it(`refuses ${name}`, () => {
      const found = survey(treeOf({ "apps/shop/a.yaml": "a", [path]: "x" }), "apps/shop");
      assert.ok(found.verdict === "Refused");
      assert.equal(found.reason, "UnsupportedLayout");
      assert.match(found.detail, detail);
    });
  }

  for (const [name, path, entry, detail] of [
    ["a path that is a symbolic link", "apps/shop", link, /apps\/shop is no folder/],
    ["a path through a symbolic link", "apps", link, /apps is no folder/],
    ["a path through a submodule", "apps", submodule, /apps is no folder/],
    ["a path that is a file", "apps/shop", "text", /apps\/shop is no folder/],
  ] as const) {
    it(`refuses ${name}`, () => {
      const found = survey(treeOf({ [path]: entry }), "apps/shop");
      assert.ok(found.verdict === "Refused");
      assert.match(found.detail, detail);
    });
  }

  it("neither reads nor follows links and submodules, and names them", () => {
    const tree = treeOf({ "apps/a.yaml": "a", "apps/b.yaml": link, "apps/x": link, "apps/y": submodule });
    assert.deepEqual(survey(tree, "apps"), {
      verdict: "Supported",
      files: [{ path: "apps/a.yaml", blob: blobId("a") }],
      skipped: [
        { path: "apps/b.yaml", why: "it is a symbolic link" },
        { path: "apps/x", why: "it is a symbolic link" },
        { path: "apps/y", why: "it is a submodule" },
      ],
    });
  });

  it("does not mind markers beside the path, nor folders that are called like one", () => {
    const tree = treeOf({
      "infra/main.tf": "x",
      "other/kustomization.yaml": "x",
      "kustomization/readme.md": "x",
      "old.tf/readme.md": "x",
      link: link,
      "apps/shop/a.yaml": "a",
    });
    assert.equal(survey(tree, "apps/shop").verdict, "Supported");
  });

  it("leaves what git, a forge or its CI reads alone", () => {
    const tree = treeOf({
      ".github/workflows/ci.yaml": "x",
      ".gitlab-ci.yml": "x",
      ".circleci/config.yml": "x",
      "apps/.GitHub/x.yaml": "x",
      "a.yaml": "a",
    });
    assert.deepEqual(survey(tree, ""), {
      ...nothing,
      files: [{ path: "a.yaml", blob: blobId("a") }],
    });
  });

  it("says it in one line, whatever a file is called", () => {
    const found = survey(treeOf({ "apps/shop/\n\u202ex.tf": "x" }), "apps/shop");
    assert.ok(found.verdict === "Refused");
    assert.doesNotMatch(found.detail, /[\p{Cc}\p{Cf}]/u);
  });
});
