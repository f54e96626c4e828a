import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Identity } from "../values.ts";
import { encode, identityAt, recordFolder, recordRef } from "./record-path.ts";

const role = (name: string): Identity => ({
  group: "rbac.authorization.k8s.io",
  kind: "Role",
  namespace: "shop",
  name,
});

describe("recordFolder", () => {
  it("is as docs/adr/0001 says", () => {
    const app: Identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "app" };
    assert.equal(recordFolder("live", app), "live/shop/ConfigMap.core/7d/app");
    assert.equal(recordFolder("source", { ...app, namespace: "" }), "source/_cluster/ConfigMap.core/7d/app");
    assert.equal(
      recordFolder("base", role("system:a/b")),
      "base/shop/Role.rbac.authorization.k8s.io/ce/system%3Aa%2Fb",
    );
  });

  // A server refuses a tree that holds them (git-fsck(1), hasDotgit and the like), and then nothing is recorded any more.
  for (const name of [".git", ".GIT", "git~1", ".git.", ".git ", ".gitmodules", "..", ".", "\u200c.git"]) {
    it(`gives ${JSON.stringify(name)} a segment that git takes for nothing of its own`, () => {
      assert.doesNotMatch(recordFolder("source", role(name)).split("/").at(-1) ?? "", /^\.|~|^$/);
    });
  }

  it("names one identity each, and gives it back", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((s) => s.toWellFormed()),
      fc.string({ unit: fc.constantFrom("a", ".", "/", "%", "_", "~", ":"), minLength: 1, maxLength: 5 }),
      fc.constantFrom("_cluster", "core", ".git", "..", "a.yaml", "%2e", "__proto__"),
    );
    const optional = fc.oneof(text, fc.constant(""));
    fc.assert(
      fc.property(fc.record({ group: optional, kind: text, namespace: optional, name: text }), (identity) => {
        const segments = recordFolder("live", identity).split("/");
        assert.equal(segments.length, 5);
        for (const segment of segments) assert.match(segment, /^[A-Za-z0-9_%-][A-Za-z0-9._%-]*$/);
        assert.deepEqual(identityAt(segments.slice(1)), { ...identity });
      }),
      { numRuns: 1000 },
    );
  });

  it("spreads the names of one kind over folders", () => {
    const folders = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const folder = recordFolder("live", role(`app-${i}`))
        .split("/")
        .slice(0, -1)
        .join("/");
      folders.set(folder, (folders.get(folder) ?? 0) + 1);
    }
    assert.equal(folders.size, 256);
    assert.ok(Math.max(...folders.values()) < 100);
  });
});

describe("identityAt", () => {
  for (const path of ["", "a", "a/b.c/d", "a/b/cc/d", "a/b.c/cc/d/e", "a/b.c/cc/%zz", "%/b.c/cc/d", "a/b.%e0/cc/d"]) {
    it(`knows nothing at ${JSON.stringify(path)}`, () => assert.equal(identityAt(path.split("/")), undefined));
  }
});

it("encode never throws", () => assert.equal(encode("\ud800"), "%EF%BF%BD"));

describe("recordRef", () => {
  it("is the prefix, the cluster and the capture", () => {
    const capture = { namespace: "shop", name: "all" };
    assert.equal(recordRef("refs/clickscribe", "prod", capture), "refs/clickscribe/prod/c/shop/all");
    assert.equal(recordRef("refs/heads/clickscribe/", "prod", capture), "refs/heads/clickscribe/prod/c/shop/all");
  });

  it("is a ref that git takes, and one for each capture", () => {
    const names = [
      "all",
      "all.lock",
      "a.lock.lock",
      "x.locked",
      "a..b",
      "a.",
      ".a",
      "@",
      "a@{b",
      "a b",
      "a~b",
      "ä",
      "-a",
    ];
    const refs = names.map((name) => recordRef("refs/clickscribe", "prod", { namespace: "shop", name }));
    for (const ref of refs) assert.doesNotThrow(() => execFileSync("git", ["check-ref-format", ref]), ref);
    assert.equal(new Set(refs).size, names.length);
  });
});
