import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { goModuleFolder } from "./go-module.ts";
import { KUBERNETES_VERSION } from "./pins.ts";

describe("the folder of a Go module", () => {
  it("is of the version that the control plane is built from", async () => {
    assert.ok((await goModuleFolder("k8s.io/api")).endsWith(`api@${KUBERNETES_VERSION.replace("v1.", "v0.")}`));
  });

  it("is missed in words: without Go, and where the module is neither kept nor to be fetched", async () => {
    await assert.rejects(goModuleFolder("k8s.io/api", { PATH: "/nonexistent" }), /no `go` on the PATH/);
    const empty = await mkdtemp(join(tmpdir(), "clickscribe-go-"));
    try {
      const env = { ...process.env, GOMODCACHE: empty, GOPROXY: "off", GOFLAGS: "-modcacherw" };
      await assert.rejects(goModuleFolder("k8s.io/api", env), /neither in Go's module cache nor to be fetched: .*off/s);
    } finally {
      await rm(empty, { recursive: true });
    }
  });
});
