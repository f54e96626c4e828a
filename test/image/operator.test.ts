/** The operator out of the image, as a container runs it, against the real API server and a Git server. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { sandboxCommand } from "../../scripts/image/sandbox.ts";
import { clusterName, configMap, startWorld, type World } from "../e2e/world.ts";
import { image as buildImage, environmentOf } from "../harness/image.ts";
import { waitFor } from "../harness/wait-for.ts";

describe("the operator out of the image", () => {
  let world: World;

  before(async () => {
    world = await startWorld({ operator: false });
  });
  after(async () => world?.stop());

  it("becomes ready, delivers a change with its author, and stops when it is told to", {
    timeout: 600_000,
  }, async () => {
    const { rootfs, config } = await buildImage((line) => process.stderr.write(`${line}\n`));
    const user = Number.parseInt(config.User, 10);
    const kubeconfig = join(world.plane.folder, "image-kubeconfig");
    copyFileSync(world.kubeconfig, kubeconfig);
    chownSync(kubeconfig, user, user);
    const { command, args, env } = sandboxCommand({
      ...{ rootfs, user, readOnly: true, workdir: config.WorkingDir },
      env: environmentOf(config),
      emptyDirs: ["/tmp"],
      binds: [
        { from: kubeconfig, to: "/run/kubeconfig", readOnly: true },
        { from: "/etc/hosts", to: "/etc/hosts", readOnly: true },
      ],
      argv: [
        ...[...config.Entrypoint, ...config.Cmd, "--kubeconfig=/run/kubeconfig", `--cluster-name=${clusterName}`],
        ...["--allow-plain-http", "--allow-local-addresses", "--http-bind=127.0.0.1", "--http-port=0"],
        ...["--webhook-port=0", "--webhook-bind=127.0.0.1", "--webhook-url=https://127.0.0.1:{port}"],
      ],
    });
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => lines.push(line));
    }
    try {
      const ready = (): string | undefined => lines.find((line) => line.includes('"msg":"ready"'));
      await waitFor("the operator to be ready", ready, { seen: () => lines });
      assert.match(
        readFileSync(`/proc/${operatorPid(child.pid)}/status`, "utf8"),
        /^Uid:\t65532\t65532\t65532\t65532$/m,
      );

      const place = await world.place("shop");
      await place.create("alice", configMap("app", { color: "blue" }));
      const [commit] = await place.waitForCommits(1);
      assert.equal(commit?.author.name, "alice");

      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [0, null], lines.slice(-5).join("\n"));
    } finally {
      child.kill("SIGKILL");
    }
  });
});

/** The sandbox's innermost process, as this machine counts them. */
function operatorPid(pid: number | undefined): string {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return child === undefined || child === "" ? String(pid) : operatorPid(Number(child));
}
