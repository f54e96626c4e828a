import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type CliCluster, createCliCluster, say } from "../../../test/fakes/command-line.ts";

const bin = join(dirname(fileURLToPath(import.meta.url)), "..", "bin.mjs");

function cluster(): CliCluster {
  const made = createCliCluster();
  const apiVersion = "clickscribe.dev/v1alpha1";
  for (const name of ["all", "apps", "web"])
    made.put({ apiVersion, kind: "Capture", metadata: { name, namespace: "shop" } });
  made.put({ apiVersion, kind: "Capture", metadata: { name: "theirs", namespace: "other" } });
  made.put({ apiVersion, kind: "GitRemote", metadata: { name: "platform", namespace: "shop" } });
  for (const name of ["shop", "other"]) made.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return made;
}

/** Without what help they bring. */
async function words(typed: string, made?: CliCluster): Promise<readonly string[]> {
  const { code, out, err } = await say(["__complete", "--", ...typed.split(" ")], made);
  assert.deepEqual([code, err], [0, ""]);
  return out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "");
}

describe("completion", () => {
  const offered: readonly (readonly [typed: string, candidates: readonly string[]])[] = [
    ["re", ["resume", "reconcile", "record", ":4"]],
    ["create ", ["remote", "capture", "consumer", ":4"]],
    ["create c", ["capture", "consumer", ":4"]],
    ["help creat", ["create", ":4"]],
    ["get c", ["captures", ":4"]],
    ["get -o ", ["table", "wide", "json", "yaml", "name", ":4"]],
    ["get --output=ya", ["--output=yaml", ":4"]],
    ["get -ojson --all", ["--all-namespaces", ":4"]],
    ["get --output json --out", [":4"]],
    ["plan -f ", [":0"]],
    ["plan -f a --file", ["--filename", ":4"]],
    ["suspend capture --wait=", ["--wait=true", "--wait=false", ":4"]],
    ["completion ", ["bash", "zsh", "fish", "powershell", ":4"]],
    ["nothing ", [":4"]],
    ["get captures a b ", [":4"]],
    ["get --unknown ", ["captures", "remotes", "all", ":4"]],
  ];
  for (const [typed, candidates] of offered) {
    it(`offers ${candidates.join(" ")} for "${typed}"`, async () => assert.deepEqual(await words(typed), candidates));
  }

  const named: readonly (readonly [typed: string, candidates: readonly string[]])[] = [
    ["status a", ["all", "apps", ":4"]],
    ["suspend capture all ", ["apps", "web", ":4"]],
    ["get captures w", ["web", ":4"]],
    ["get remotes ", ["platform", ":4"]],
    ["get -n ", ["other", "shop", ":4"]],
    ["get captures -n other ", ["theirs", ":4"]],
    ["create capture x --remote ", ["platform", ":4"]],
  ];
  for (const [typed, candidates] of named) {
    it(`asks the cluster for "${typed}"`, async () => assert.deepEqual(await words(typed, cluster()), candidates));
  }

  it("offers nothing where the cluster fails, or takes longer than people wait", async () => {
    const argv = ["__complete", "--", "status", ""];
    const fails = await say(argv, undefined, { connect: () => Promise.reject(new Error("nobody there")) });
    assert.deepEqual(fails, { code: 0, out: ":4\n", err: "" });
    const hangs = await say(argv, undefined, { connect: () => new Promise(() => undefined) });
    assert.deepEqual(hangs, { code: 0, out: ":4\n", err: "" });
  });

  it("takes an empty word that a shell cannot hand on", async () => {
    const { out } = await say(["__complete", "--empty", "--", "create"]);
    assert.match(out, /^remote\t[^\n]+\ncapture\t[^\n]+\nconsumer\t[^\n]+\n:4\n$/);
  });

  it("is not in the help", async () => assert.doesNotMatch((await say(["--help"])).out, /__complete/));
});

describe("the script for bash", () => {
  let folder = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "clickscribe-completion-"));
    writeFileSync(join(folder, "clickscribe"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
    chmodSync(join(folder, "clickscribe"), 0o755);
    writeFileSync(join(folder, "script"), (await say(["completion", "bash"])).out);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** As Bash calls it: the words as it splits them, the last one to be completed. */
  function reply(...typed: readonly string[]): readonly string[] {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _clickscribe; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync(
      "bash",
      ["--norc", "-uc", script, "bash", join(folder, "script"), "clickscribe", ...typed],
      {
        encoding: "utf8",
        env: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder },
      },
    );
    assert.equal(stderr, "");
    return stdout.trimEnd().split("\n");
  }

  it("completes commands, flags and values", () => {
    assert.deepEqual(reply("sus"), ["suspend"]);
    assert.deepEqual(reply("create", ""), ["remote", "capture", "consumer"]);
    assert.deepEqual(reply("get", "-o", "j"), ["json"]);
  });

  it("completes --flag=value, which bash takes for three words", () => {
    assert.deepEqual(reply("get", "--output", "=", "ya"), ["yaml"]);
    assert.deepEqual(reply("get", "--output", "="), ["table", "wide", "json", "yaml", "name"]);
  });
});

describe("completion SHELL", () => {
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    it(`prints a script for ${shell} that says how it is used`, async () => {
      const { code, out } = await say(["completion", shell]);
      assert.equal(code, 0);
      assert.ok(out.includes(`clickscribe completion ${shell}`));
      assert.ok(out.includes("clickscribe __complete"));
    });
  }
  it("refuses another", async () => {
    const { code, err } = await say(["completion", "csh"]);
    assert.deepEqual([code, err], [2, 'clickscribe: SHELL must be one of bash, zsh, fish, powershell, not "csh"\n']);
  });
});
