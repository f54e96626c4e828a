import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { resolveBinaries } from "../control-plane/binaries.ts";
import { startControlPlane } from "../control-plane/control-plane.ts";
import { runCommand } from "../demo/run-command.ts";
import { isolatedEnvironment, runGit } from "../git/git-cli.ts";
import { root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";

interface Run {
  readonly child: ChildProcess;
  readonly exited: Promise<number>;
  out(): string;
  err(): string;
}

/** In an environment whose KUBECONFIG leads nowhere, since it must never be read. */
function startDemo(...args: readonly string[]): Run {
  const env = { ...process.env, KUBECONFIG: "/nonexistent/kubeconfig", NO_COLOR: "1" };
  const child = spawn(process.execPath, [join(root, "test/demo/main.ts"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
  const exited = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  return { child, exited, out: () => out, err: () => err };
}

/** Processes whose environment or arguments name a folder, which only those of one demo do. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
    } catch {
      return false;
    }
  });
}

describe("npm run demo", { timeout: 180_000 }, () => {
  it("tells the story, checks it, and ends well", async () => {
    const demo = startDemo();
    assert.equal(await demo.exited, 0, demo.err());
    for (const words of [
      "web: scale 3 -> 5",
      "image web 1.28 -> 1.29",
      "delete ConfigMap settings",
      "create Widget lamp",
    ]) {
      assert.ok(demo.out().includes(words), `${words} is missing in\n${demo.out()}`);
    }
    assert.match(demo.out(), /✔ 7 edits, 7 commits/);
    assert.match(demo.out(), /✔ a fresh clone/);
    assert.ok(!demo.out().includes("\u001b["), "colour where there is no terminal");
  });

  it("with --keep --json prints one line to go on with, and Ctrl-C leaves no process behind", async () => {
    const demo = startDemo("--keep", "--json");
    const line = await waitFor("the line", () => (demo.out().endsWith("\n") ? demo.out() : undefined), {
      timeoutMs: 90_000,
    });
    const told = JSON.parse(line) as {
      kubeconfig: string;
      cloneUrl: string;
      namespace: string;
      path: string;
      users: object;
    };
    const folder = dirname(told.kubeconfig);
    assert.deepEqual(Object.keys(told.users), ["alice", "bob", "carol"]);
    const { kubectl } = await resolveBinaries({
      progress: () => undefined,
    });
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: told.kubeconfig };
    await runCommand(kubectl, ["--context", "bob", "scale", "deployment", "web", "--replicas=2"], { env });
    const clone = join(folder, "clone");
    await waitFor("bob's commit", async () => {
      const gitEnv = isolatedEnvironment(folder);
      rmSync(clone, { recursive: true, force: true });
      await runGit(["clone", "--quiet", told.cloneUrl, clone], { env: gitEnv });
      const { stdout } = await runGit(["log", "-1", "--format=%an: %s"], { cwd: clone, env: gitEnv });
      return stdout.trim() === "bob: web: scale 5 -> 2" ? true : undefined;
    });
    assert.ok(processesOf(folder).length >= 3);
    demo.child.kill("SIGINT");
    assert.equal(await demo.exited, 130);
    await waitFor("no process to be left", () => (processesOf(folder).length === 0 ? true : undefined));
  });

  it("in an existing cluster uses one new namespace and takes everything away", async () => {
    const plane = await startControlPlane({ progress: () => undefined });
    try {
      const refused = startDemo("--kubeconfig", await plane.kubeconfig("admin"), "--context", plane.context);
      assert.equal(await refused.exited, 2);
      assert.match(refused.err(), /give --yes/);
      const before = await everything(plane);
      const demo = startDemo("--kubeconfig", await plane.kubeconfig("admin"), "--context", plane.context, "--yes");
      assert.equal(await demo.exited, 0, `${demo.out()}${demo.err()}`);
      assert.match(demo.out(), /✔ 6 edits, 6 commits/);
      await waitFor("all to be gone", async () => ((await everything(plane)) === before ? true : undefined), {
        seen: () => everything(plane),
      });
    } finally {
      await plane.stop();
    }
  });

  it("says what is wrong with its arguments in one line", async () => {
    for (const args of [["--nonsense"], ["--kubeconfig", "x"], ["--json"]]) {
      const demo = startDemo(...args);
      assert.equal(await demo.exited, 2);
      assert.equal(demo.err().trim().split("\n").length, 1, demo.err());
    }
  });
});

async function everything(plane: Awaited<ReturnType<typeof startControlPlane>>): Promise<string> {
  const kinds = "namespaces,crds,clusterroles,clusterrolebindings,validatingwebhookconfigurations";
  return (await plane.kubectl(["get", kinds, "-o", "name"])).stdout;
}
