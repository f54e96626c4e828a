/** The image of the Dockerfile, built and run without a container engine. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { before, describe, it } from "node:test";
import { measure, printMeasure } from "../../scripts/image/measure.ts";
import type { Image } from "../../scripts/image/perform.ts";
import { type Sandbox, sandboxCommand } from "../../scripts/image/sandbox.ts";
import { image as buildImage, environmentOf } from "../harness/image.ts";
import { root } from "../harness/install.ts";

/** Bytes. Node alone is 127 million. */
const LIMIT = 200_000_000;

describe("the image", () => {
  let image: Image;
  let paths: readonly string[];

  before(
    async () => {
      image = await buildImage((line) => process.stderr.write(`${line}\n`));
      paths = readdirSync(image.rootfs, { recursive: true, encoding: "utf8" }).toSorted();
    },
    { timeout: 600_000 },
  );

  it("is started as the chart expects it", () => {
    const { Entrypoint, Cmd, User, WorkingDir, ExposedPorts } = image.config;
    assert.deepEqual(Entrypoint, ["/usr/local/bin/node", "/app/operator/cli/bin.mjs"]);
    assert.deepEqual({ Cmd, User, WorkingDir }, { Cmd: ["run"], User: "65532:65532", WorkingDir: "/app" });
    assert.deepEqual(Object.keys(ExposedPorts), ["8080/tcp", "10250/tcp"]);
  });

  it("holds nothing but Node, its libraries and the operator", () => {
    const top = paths.filter((path) => !path.includes("/") || /^(?:etc|usr|app)\/[^/]*$/.test(path));
    assert.deepEqual(
      top.filter((path) => path !== "lib64"),
      [
        ...["app", "app/LICENSE", "app/NOTICE", "app/dist", "app/node_modules", "app/operator", "app/package.json"],
        ...["etc", "etc/group", "etc/nsswitch.conf", "etc/passwd", "lib", "tmp", "usr", "usr/local"],
      ],
    );
    assert.deepEqual(
      paths.filter((path) => isProgram(join(image.rootfs, path))).filter((path) => !/^lib|^app\//.test(path)),
      ["usr/local/bin/node"],
    );
  });

  it("has no shell, package manager or git", () => {
    const names = new Set(["sh", "bash", "dash", "ash", "busybox", "npm", "npx", "git", "apt", "dpkg", "env"]);
    assert.deepEqual(
      paths.filter((path) => names.has(basename(path)) && !lstatSync(join(image.rootfs, path)).isDirectory()),
      [],
    );
  });

  it("has no development packages, tests, source maps or type declarations", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      devDependencies: Readonly<Record<string, string>>;
    };
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Readonly<Record<string, { readonly dev?: boolean }>>;
    };
    // Some packages need type packages at run time, they say; of those no more than package.json is left. What a package
    // of the operator needs too (`ws`) is not marked as `dev` in the lock file.
    const development = Object.keys(devDependencies).filter(
      (name) => !name.startsWith("@types/") && packages[`node_modules/${name}`]?.dev === true,
    );
    assert.ok(development.length > 5, development.join(", "));
    assert.deepEqual(
      development.filter((name) => paths.includes(`app/node_modules/${name}`)),
      [],
    );
    assert.deepEqual(
      paths.filter((path) => /\.(?:map|[cm]?ts)$/.test(path) || /^app\/(?:dist|operator)\/.*test/.test(path)),
      [],
    );
  });

  it("is readable for everyone and writable for nobody but root", () => {
    for (const path of paths) {
      const { mode, uid } = lstatSync(join(image.rootfs, path));
      if (path === "tmp") assert.equal(mode & 0o7777, 0o1777);
      else if ((mode & 0o170000) !== 0o120000) assert.equal(mode & 0o022, 0, path);
      assert.equal(uid, 0, path);
      assert.ok((mode & 0o004) !== 0, path);
    }
  });

  it(`is smaller than ${LIMIT / 1e6} MB`, (t) => {
    const rows = measure(image.rootfs);
    t.diagnostic(`\n${printMeasure(rows)}`);
    assert.ok((rows.at(-1)?.bytes ?? Infinity) < LIMIT);
  });

  it("says its version, as uid 65532 and without a way to become another", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    assert.deepEqual(await run(image, ["--version"]), { code: 0, out: `${version}\n`, errors: "" });
    const { out } = await evaluate(image, `process.stdout.write(fs.readFileSync("/proc/self/status"))`);
    assert.match(out, /^Uid:\t65532\t65532\t65532\t65532$/m);
    assert.match(out, /^Gid:\t65532\t65532\t65532\t65532$/m);
    assert.match(out, /^CapEff:\t0+$/m);
    assert.match(out, /^NoNewPrivs:\t1$/m);
  });

  it("cannot be written to, but for /tmp", async () => {
    const tries = `for (const name of ["/x", "/app/x", "/etc/passwd", "/dev/x", "/tmp/x"])
      try { fs.writeFileSync(name, ""); console.log(name, "written") } catch ({ code }) { console.log(name, code) }`;
    const { out } = await evaluate(image, tries);
    assert.equal(out, "/x EROFS\n/app/x EROFS\n/etc/passwd EROFS\n/dev/x EROFS\n/tmp/x written\n");
  });

  it("can start no shell", async () => {
    const { out } = await evaluate(image, `console.log(child_process.spawnSync("/bin/sh").error.code)`);
    assert.equal(out, "ENOENT\n");
  });

  it("finds names in /etc/hosts, knows the public certificate authorities and who it is", async () => {
    const look = `dns.lookup("localhost", (error, address) =>
      console.log(error, net.isIP(address) > 0, tls.rootCertificates.length > 100, os.userInfo().username))`;
    const { out } = await evaluate(image, look, {
      binds: [{ from: "/etc/hosts", to: "/etc/hosts", readOnly: true }],
    });
    assert.equal(out, "null true true nonroot\n");
  });
});

interface Ran {
  readonly code: unknown;
  readonly out: string;
  readonly errors: string;
}

function isProgram(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isFile() && (stat.mode & 0o111) !== 0;
}

function start({ rootfs, config }: Image, args: readonly string[], over: Partial<Sandbox> = {}): ChildProcess {
  const { command, ...options } = sandboxCommand({
    ...{
      rootfs,
      env: environmentOf(config),
      user: Number.parseInt(config.User, 10),
      readOnly: true,
      workdir: config.WorkingDir,
    },
    emptyDirs: ["/tmp"],
    argv: [...config.Entrypoint, ...args],
    ...over,
  });
  return spawn(command, options.args, { env: options.env, stdio: ["ignore", "pipe", "pipe"] });
}

async function run(image: Image, args: readonly string[], over?: Partial<Sandbox>): Promise<Ran> {
  const child = start(image, args, over);
  let out = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => (out += String(chunk)));
  child.stderr?.on("data", (chunk) => (errors += String(chunk)));
  const [code] = await once(child, "close");
  return { code, out, errors };
}

/** Runs a script with the image's Node. */
async function evaluate(image: Image, script: string, over: Partial<Sandbox> = {}): Promise<Ran> {
  const ran = await run(image, [], { argv: [image.config.Entrypoint[0] ?? "", "--eval", script], ...over });
  assert.equal(ran.errors, "");
  return ran;
}
