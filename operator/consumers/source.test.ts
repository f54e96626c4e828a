import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { Json } from "../values.ts";
import { planOfKustomization } from "./consumer.ts";
import { isHere, repositoryName, sourceInWords, sourceOfRepository, sourcesOfApplication } from "./source.ts";

describe("repositoryName", () => {
  it("is one for every spelling", () => {
    const spellings = [
      "https://git.example.com/acme/shop.git",
      "https://git.example.com/acme/shop",
      "https://GIT.example.com/acme/shop/",
      "https://git.example.com:443/acme/shop.git",
      "https://bot@git.example.com/acme/shop.git/",
      "ssh://git@git.example.com/acme/shop.git",
      "ssh://git@git.example.com:2222/acme/shop",
      "git@git.example.com:acme/shop.git",
      "git.example.com:acme/shop",
    ];
    assert.deepEqual(new Set(spellings.map(repositoryName)), new Set(["git.example.com/acme/shop"]));
  });
  it("is another for another repository", () => {
    const others = ["https://a/b", "https://a/B", "https://a:8443/b", "https://b/b", "https://a/b/c", "", "x"];
    assert.equal(new Set(others.map(repositoryName)).size, others.length);
  });
});

const place = { url: "https://h/r.git", branch: "main", defaultBranch: "main", path: "apps/shop" };
const application = (source: Json): boolean =>
  sourcesOfApplication({ spec: Array.isArray(source) ? { sources: source } : { source } }).every((one) =>
    isHere(one, place),
  );

describe("an Application", () => {
  const repoURL = "git@h:r";
  const table: readonly (readonly [what: string, source: Json, here: boolean])[] = [
    ["the folder", { repoURL, path: "apps/shop", targetRevision: "main" }, true],
    ["a folder above", { repoURL, path: "./apps/", targetRevision: "refs/heads/main" }, true],
    ["the root, by default", { repoURL }, true],
    ["HEAD", { repoURL, targetRevision: "HEAD" }, true],
    ["a folder below", { repoURL, path: "apps/shop/x" }, false],
    ["a folder beside", { repoURL, path: "apps/sho" }, false],
    ["another branch", { repoURL, targetRevision: "prod" }, false],
    ["a commit", { repoURL, targetRevision: "a".repeat(40) }, false],
    ["a tag", { repoURL, targetRevision: "refs/tags/main" }, false],
    ["a chart", { repoURL, chart: "x", targetRevision: "main" }, false],
    ["another repository", { repoURL: "https://h/other" }, false],
    ["values from elsewhere beside it", [{ repoURL }, { repoURL: "https://h/values", ref: "values" }], true],
    ["another source beside it", [{ repoURL }, { repoURL: "https://h/other" }], false],
  ];
  for (const [what, source, here] of table)
    it(`of ${what} is${here ? "" : " not"} here`, () => assert.equal(application(source), here));
  it("of the default branch is not here where that is another, or unknown", () => {
    const [source] = sourcesOfApplication({ spec: { source: { repoURL } } });
    assert.ok(source);
    assert.equal(isHere(source, { ...place, defaultBranch: "trunk" }), false);
    assert.equal(isHere(source, { ...place, defaultBranch: undefined }), false);
  });
});

describe("a Kustomization", () => {
  const url = "ssh://git@h/r";
  const here = (spec: Json, path = "./apps"): boolean =>
    isHere({ ...sourceOfRepository({ spec }), path: planOfKustomization({ spec: { path } }).path }, place);
  it("is of its GitRepository's branch and its own path", () => {
    assert.equal(here({ url, ref: { branch: "main" } }), true);
    assert.equal(here({ url, ref: { name: "refs/heads/main" } }), true);
    assert.equal(here({ url, ref: { branch: "main" } }, "./other"), false);
    assert.equal(here({ url }), false, "master, where nothing is said");
    assert.equal(here({ url, ref: { branch: "main", tag: "v1" } }), false);
    assert.equal(here({ url, ref: { branch: "main", commit: "a" } }), false);
  });
  it("names it, in its own namespace by default", () => {
    const named = (sourceRef: Json): string | undefined =>
      planOfKustomization({ metadata: { namespace: "a" }, spec: { sourceRef } }).repository;
    assert.equal(named({ kind: "GitRepository", name: "r" }), "a/r");
    assert.equal(named({ kind: "GitRepository", name: "r", namespace: "b" }), "b/r");
    assert.equal(named({ kind: "OCIRepository", name: "r" }), undefined);
  });
});

describe("sourceInWords", () => {
  const words = (url: string, branch: string | undefined = "main", path = "apps"): string =>
    sourceInWords({ url, branch, path });
  it("names repository, branch and path", () => {
    assert.equal(words("https://h/r.git"), "h/r, branch main, path apps");
    assert.equal(words("git@h:r", "", ""), "h/r, the default branch");
    assert.equal(
      sourceInWords({ url: "https://h/r", branch: undefined, path: "" }),
      "h/r, no branch (a tag, a commit or a chart)",
    );
  });
  it("tells no credential", () => {
    for (const url of ["https://u:hunter2@h/r", "https://u:hunter2@h:port/r", "u:hunter2@h:r", "https://h/r?t=hunter2"])
      assert.ok(!words(url).includes("hunter2"), words(url));
  });
});

it("sources are told for anything", () => {
  fc.assert(
    fc.property(jsonObject, jsonObject, (a, b) => {
      const { path } = planOfKustomization({ spec: a });
      for (const source of [...sourcesOfApplication({ spec: a }), { ...sourceOfRepository({ spec: b }), path }])
        assert.ok(!isHere(source, place) && sourceInWords(source) !== "");
    }),
  );
});
