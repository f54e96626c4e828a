import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Sandbox, sandboxCommand } from "../../scripts/image/sandbox.ts";
import { waitFor } from "../harness/wait-for.ts";

const shell: Sandbox = {
  rootfs: "/",
  user: 65532,
  readOnly: true,
  workdir: "/",
  env: { PATH: "/usr/bin:/bin" },
  argv: ["/bin/sh", "-c"],
};

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "clickscribe-sandbox-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("sandboxCommand", () => {
  it("runs as the user, without capabilities or a way to gain them", async () => {
    const { out } = await run("cat /proc/self/status; id -G");
    assert.match(out, /^Uid:\t65532\t65532\t65532\t65532$/m);
    assert.match(out, /^Gid:\t65532\t65532\t65532\t65532$/m);
    assert.match(out, /^CapEff:\t0+$/m);
    assert.match(out, /^NoNewPrivs:\t1$/m);
    assert.match(out, /^65532$/m);
  });

  it("gives the environment, the folder to stand in and standard input, and nothing else", async () => {
    const env = { PATH: "/usr/bin:/bin", GREETING: "hello there" };
    const { out } = await run("/usr/bin/tr '\\0' '\\n' </proc/self/environ; pwd; cat", {
      over: { env, workdir: "/usr" },
      input: "from outside\n",
    });
    assert.equal(out, "GREETING=hello there\nPATH=/usr/bin:/bin\n/usr\nfrom outside\n");
  });

  it("keeps the root read-only, also for root, and what is written elsewhere inside", async () => {
    const { out, errors } = await run("touch /var/new; touch /tmp/new && ls /tmp", {
      over: { user: 0, emptyDirs: ["/tmp"] },
    });
    assert.equal(out, "new\n");
    assert.match(errors, /Read-only file system/);
  });

  it("binds files and folders where the root has none", async () => {
    const from = join(folder, "shared");
    mkdirSync(from, { mode: 0o777 });
    writeFileSync(join(from, "given"), "content");
    const { out, errors, code } = await run(
      "cat /opt/a/b/given /opt/c/file; echo more >/opt/rw/made; echo >/opt/a/b/x",
      {
        over: {
          user: 0,
          binds: [
            { from, to: "/opt/a/b", readOnly: true },
            { from: join(from, "given"), to: "/opt/c/file", readOnly: true },
            { from, to: "/opt/rw", readOnly: false },
          ],
        },
      },
    );
    assert.equal(out, "contentcontent");
    assert.equal(readFileSync(join(from, "made"), "utf8"), "more\n");
    assert.match(errors, /Read-only file system/);
    assert.notEqual(code, 0);
  });

  it("refuses a mount point that leads out of the root filesystem", async () => {
    const rootfs = join(folder, "rootfs");
    mkdirSync(rootfs);
    symlinkSync(folder, join(rootfs, "out"));
    const { errors, code } = await run("true", { over: { rootfs, emptyDirs: ["/out/made"] } });
    assert.equal(code, 125);
    assert.equal(errors, "sandbox: /out/made leads out of the root filesystem through a link\n");
  });

  it("passes signals on and ends with the program's own code", async () => {
    const child = start("trap 'echo stopping; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    const seen = collect(child);
    await waitFor("the program to start", () => seen().out.match(/ready/) ?? undefined);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [3, null]);
    assert.match(seen().out, /stopping/);
  });

  it("ends everything inside when the spawned process is killed", async () => {
    const child = start("setsid sleep 4711 & echo ready; wait");
    const seen = collect(child);
    await waitFor("the program to start", () => seen().out.match(/ready/) ?? undefined);
    child.kill("SIGKILL");
    // The pipe closes when the last process that holds it is gone.
    await once(child, "close");
  });
});

interface Options {
  readonly over?: Partial<Sandbox>;
  readonly input?: string;
}

function start(script: string, over: Partial<Sandbox> = {}): ChildProcess {
  const { command, args, env } = sandboxCommand({ ...shell, ...over, argv: [...shell.argv, script] });
  return spawn(command, args, { env, stdio: "pipe" });
}

function collect(child: ChildProcess): () => { readonly out: string; readonly errors: string } {
  let out = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => (out += String(chunk)));
  child.stderr?.on("data", (chunk) => (errors += String(chunk)));
  return () => ({ out, errors });
}

async function run(
  script: string,
  { over = {}, input = "" }: Options = {},
): Promise<{ readonly out: string; readonly errors: string; readonly code: unknown }> {
  const child = start(script, over);
  const seen = collect(child);
  child.stdin?.end(input);
  const [code] = await once(child, "close");
  return { ...seen(), code };
}
