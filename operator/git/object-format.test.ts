import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { startGitServer } from "../../test/git/git-server.ts";
import { Failure } from "../failures.ts";
import { createRepositories } from "./index.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

const run = promisify(execFile);

describe("a repository whose objects are named by SHA-256", () => {
  for (const oldProtocol of [false, true]) {
    it(`is refused in words that say so, by the ${oldProtocol ? "old" : "new"} protocol`, async () => {
      await using stack = new AsyncDisposableStack();
      const server = await startGitServer({ oldProtocol });
      stack.defer(() => server.stop());
      const remote = await server.createRepository("sha256", { empty: true });
      await rm(remote.path, { recursive: true });
      await run("git", ["init", "--quiet", "--bare", "--object-format=sha256", remote.path]);
      // Empty it would not even tell its format by the old protocol.
      const tree = (await remote.git("hash-object", "-w", "-t", "tree", "/dev/null")).trim();
      const commit = (await remote.git("commit-tree", "-m", "first", tree)).trim();
      await remote.git("update-ref", "refs/heads/main", commit);
      const repositories = createRepositories({ policy, version: "test" });
      stack.defer(() => repositories.close());
      const access = { url: remote.url, credentials: { type: "None" }, ca: undefined, timeoutMs: 5_000 } as const;
      for (const readOnly of [false, true]) {
        await assert.rejects(repositories.open({ ...access, readOnly }).fetch([]), (error) => {
          assert.ok(error instanceof Failure);
          assert.equal(error.message, "the repository's object format is sha256: only sha1 is supported");
          return error.code === "RemoteInvalid" && error.class === "Stalled";
        });
      }
    });
  }
});
