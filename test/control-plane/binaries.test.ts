import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type ResolveOptions, resolveBinaries } from "./binaries.ts";
import { cacheFolder } from "./cache.ts";
import { BINARY_NAMES, ENVTEST_SHA512, ETCD_VERSION, KUBERNETES_VERSION, platformName } from "./pins.ts";

let folder: string;
let lines: string[];
/** Nobody listens there. */
let refused: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "clickscribe-binaries-"));
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  refused = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  lines = [];
});

const progress = (line: string): void => void lines.push(line);
const newFolder = (): string => mkdtempSync(join(folder, "case-"));

/** A script in place of each named binary: resolving does not run them. */
function fakeBinaries(at: string, names: readonly string[]): string {
  mkdirSync(at, { recursive: true });
  for (const name of names) {
    writeFileSync(join(at, name), "#!/bin/sh\n");
    chmodSync(join(at, name), 0o755);
  }
  return at;
}

/** No rung gives anything: no assets, an empty cache, a refused connection, no Go. */
function closed(): Required<Pick<ResolveOptions, "progress" | "env" | "cacheDir" | "releases">> {
  return {
    progress,
    env: { PATH: newFolder() },
    cacheDir: join(newFolder(), "cache"),
    releases: {
      envtest: refused,
      envtestVersion: "v9.9.9",
      envtestSha512: { [platformName()]: "0".repeat(128) },
      kubernetes: refused,
      connectTimeoutMs: 2_000,
    },
  };
}

describe("resolveBinaries", () => {
  it("takes all from KUBEBUILDER_ASSETS without a word", async () => {
    const assets = fakeBinaries(newFolder(), BINARY_NAMES);
    const binaries = await resolveBinaries({ ...closed(), env: { KUBEBUILDER_ASSETS: assets } });
    assert.deepEqual(binaries, {
      etcd: join(assets, "etcd"),
      kubeApiserver: join(assets, "kube-apiserver"),
      kubeControllerManager: join(assets, "kube-controller-manager"),
      kubectl: join(assets, "kubectl"),
    });
    assert.deepEqual(lines, []);
  });

  it("takes what KUBEBUILDER_ASSETS lacks from the cache, saying so", async () => {
    const options = closed();
    const assets = fakeBinaries(newFolder(), ["etcd", "kube-apiserver", "kubectl"]);
    fakeBinaries(options.cacheDir, BINARY_NAMES);
    const binaries = await resolveBinaries({ ...options, env: { KUBEBUILDER_ASSETS: assets } });
    assert.equal(binaries.kubectl, join(assets, "kubectl"));
    assert.equal(binaries.kubeControllerManager, join(options.cacheDir, "kube-controller-manager"));
    assert.match(lines.join("\n"), /KUBEBUILDER_ASSETS: .* has no kube-controller-manager/u);
  });

  it("takes a file that cannot be executed for none", async () => {
    const options = closed();
    fakeBinaries(options.cacheDir, BINARY_NAMES);
    chmodSync(join(options.cacheDir, "etcd"), 0o644);
    await assert.rejects(resolveBinaries(options), /no etcd for /u);
  });

  it("names every rung's own reason, and what to do, when none gives them", async () => {
    const options = closed();
    const started = Date.now();
    await assert.rejects(resolveBinaries(options), (error: Error) => {
      assert.match(error.message, /no etcd, kube-apiserver, kube-controller-manager, kubectl for /u);
      assert.match(error.message, /- KUBEBUILDER_ASSETS: not set/u);
      assert.match(error.message, /- cache .*: no etcd, /u);
      assert.match(error.message, /- download: http:\/\/127\.0\.0\.1:.*ECONNREFUSED/u);
      assert.match(error.message, /- build from Go modules: no `go` on the PATH/u);
      assert.match(error.message, /Set KUBEBUILDER_ASSETS to a folder/u);
      return true;
    });
    assert.ok(Date.now() - started < 5_000);
    assert.deepEqual(readdirSync(options.cacheDir), []);
  });

  it("finds the cache by CLICKSCRIBE_CACHE, then XDG_CACHE_HOME, then the home folder", () => {
    assert.match(cacheFolder({ CLICKSCRIBE_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }), /^\/a\/control-plane\//u);
    assert.match(cacheFolder({ XDG_CACHE_HOME: "/b", HOME: "/c" }), /^\/b\/clickscribe\/control-plane\//u);
    assert.match(cacheFolder({ HOME: "/c" }), /^\/c\/\.cache\/clickscribe\/control-plane\//u);
    for (const part of [KUBERNETES_VERSION, ETCD_VERSION, platformName()]) assert.ok(cacheFolder({}).includes(part));
  });

  it("waits for another process's lock, and then uses what that one put there", async () => {
    const options = closed();
    const lock = `${options.cacheDir}.lock`;
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, "1 another-host\n");
    const resolving = resolveBinaries(options);
    await new Promise((resolve) => setTimeout(resolve, 600));
    fakeBinaries(options.cacheDir, BINARY_NAMES);
    rmSync(lock);
    assert.equal((await resolving).etcd, join(options.cacheDir, "etcd"));
    assert.match(lines.join("\n"), /another process is fetching them/u);
  });

  it("takes over a lock whose holder is silent", async () => {
    const options = closed();
    const lock = `${options.cacheDir}.lock`;
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, "1 another-host\n");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    await assert.rejects(resolveBinaries(options), /no etcd/u);
  });
});

describe("the cache's lock", () => {
  it("of a process that is gone is taken over at once", async () => {
    const options = closed();
    const lock = `${options.cacheDir}.lock`;
    mkdirSync(dirname(lock), { recursive: true });
    const gone = spawnSync("/bin/sh", ["-c", "exit 0"]).pid;
    writeFileSync(lock, `${gone} ${hostname()}\n`);
    const started = Date.now();
    await assert.rejects(resolveBinaries(options), /no etcd/u);
    assert.ok(Date.now() - started < 5_000);
    assert.equal(existsSync(lock), false);
  });
});

describe("resolveBinaries: download", () => {
  let server: Server;
  let base: string;
  let archive: Buffer;
  let answer: (path: string) => { status?: number; body?: Buffer; cut?: boolean; location?: string };
  let asked: string[];
  const controllerManager = Buffer.from("#!/bin/sh\necho kube-controller-manager\n");
  const sha512 = (data: Buffer): string => createHash("sha512").update(data).digest("hex");

  before(async () => {
    const at = newFolder();
    fakeBinaries(join(at, "controller-tools", "envtest"), ["etcd", "kube-apiserver", "kubectl"]);
    execFileSync("tar", ["-czf", join(at, "envtest.tar.gz"), "-C", at, "controller-tools"]);
    archive = readFileSync(join(at, "envtest.tar.gz"));
    server = createServer((request, response) => {
      const path = request.url ?? "";
      asked.push(path);
      const { status = 200, body = Buffer.alloc(0), cut = false, location } = answer(path);
      response.writeHead(status, { "content-length": body.length, ...(location !== undefined && { location }) });
      if (cut) response.write(body.subarray(0, body.length / 2), () => response.destroy());
      else response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
    answer = serve;
  });

  function serve(path: string): { status?: number; body?: Buffer } {
    if (path.endsWith(".tar.gz")) return { body: archive };
    if (path.endsWith("/kube-controller-manager")) return { body: controllerManager };
    if (path.endsWith("/kube-controller-manager.sha512")) return { body: Buffer.from(sha512(controllerManager)) };
    return { status: 404 };
  }

  function online(): ReturnType<typeof closed> {
    const releases = {
      ...closed().releases,
      envtest: base,
      kubernetes: base,
      envtestSha512: { [platformName()]: sha512(archive) },
    };
    return { ...closed(), env: { ...closed().env, PATH: `${newFolder()}:/usr/bin:/bin`, ...withoutGo }, releases };
  }
  // A go that fails stands in for none, since `tar` may lie beside the real one.
  const withoutGo = { GOTOOLCHAIN: "none-such" };

  it("keeps what has the right checksum, and needs no network the next time", async () => {
    const options = online();
    answer = (path) =>
      path.startsWith("/elsewhere") ? serve(path) : { status: 302, location: `${base}/elsewhere${path}` };
    const binaries = await resolveBinaries(options);
    assert.equal(binaries.kubeApiserver, join(options.cacheDir, "kube-apiserver"));
    assert.equal(execFileSync(binaries.kubeControllerManager).toString(), "kube-controller-manager\n");
    assert.deepEqual(readdirSync(options.cacheDir).toSorted(), [...BINARY_NAMES].toSorted());
    assert.match(lines.join("\n"), /downloading http/u);
    asked = [];
    assert.deepEqual(await resolveBinaries(options), binaries);
    assert.deepEqual(asked, []);
  });

  it("downloads once when two ask at the same time", async () => {
    const options = online();
    const both = await Promise.all([resolveBinaries(options), resolveBinaries(options)]);
    assert.deepEqual(both[0], both[1]);
    assert.equal(asked.filter((path) => path.endsWith(".tar.gz")).length, 1);
  });

  const failures: { name: string; answer: typeof answer; reason: RegExp }[] = [
    {
      name: "throws away an archive with another checksum",
      answer: (path) => (path.endsWith(".tar.gz") ? { body: Buffer.concat([archive, Buffer.from("x")]) } : serve(path)),
      reason: /download: .*\.tar\.gz: wrong checksum, thrown away/u,
    },
    {
      name: "throws away an archive that broke off",
      answer: (path) => (path.endsWith(".tar.gz") ? { body: archive, cut: true } : serve(path)),
      reason: /download: .*\.tar\.gz: broke off after \d+ bytes/u,
    },
    {
      name: "says what the server answered",
      answer: () => ({ status: 404 }),
      reason: /download: .*\.tar\.gz: HTTP 404/u,
    },
  ];
  for (const failure of failures) {
    it(failure.name, async () => {
      const options = { ...online(), goModules: newFolder() };
      answer = failure.answer;
      await assert.rejects(resolveBinaries(options), failure.reason);
      assert.deepEqual(readdirSync(options.cacheDir), []);
    });
  }

  it("keeps the envtest binaries when only kube-controller-manager has a wrong checksum", async () => {
    const options = { ...online(), goModules: newFolder() };
    answer = (path) => (path.endsWith("/kube-controller-manager") ? { body: Buffer.from("other") } : serve(path));
    await assert.rejects(
      resolveBinaries(options),
      /no kube-controller-manager for [^]*download: .*\/kube-controller-manager: wrong checksum/u,
    );
    assert.deepEqual(readdirSync(options.cacheDir).toSorted(), ["etcd", "kube-apiserver", "kubectl"]);
  });

  it("gives up on a host that takes the connection and says nothing", async () => {
    const silent = createTcpServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const options = closed();
    const releases = { ...options.releases, envtest: address, connectTimeoutMs: 300 };
    const started = Date.now();
    await assert.rejects(resolveBinaries({ ...options, releases }), /download: https:.*Connect Timeout Error/u);
    assert.ok(Date.now() - started < 4_000);
    silent.close();
  });
});

describe("resolveBinaries: build", () => {
  it("builds what is missing with go, shows progress and keeps it", async () => {
    const options = closed();
    const bin = newFolder();
    // Stands in for the compiler: records its arguments and writes the file named by -o.
    writeFileSync(
      join(bin, "go"),
      `#!/bin/sh
if [ "$1" = env ]; then echo go9.9; exit 0; fi
echo "$PWD $*" >> "${bin}/calls"
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then echo built > "$2"; fi; shift; done
`,
    );
    chmodSync(join(bin, "go"), 0o755);
    fakeBinaries(options.cacheDir, ["etcd", "kubectl"]);
    const binaries = await resolveBinaries({ ...options, env: { PATH: `${bin}:/usr/bin:/bin` } });
    assert.equal(readFileSync(binaries.kubeApiserver, "utf8"), "built\n");
    const calls = readFileSync(join(bin, "calls"), "utf8").trim().split("\n");
    assert.equal(calls.length, 2);
    assert.match(calls[0] ?? "", /go\/kubernetes build .*-mod=readonly .*k8s\.io\/kubernetes\/cmd\/kube-apiserver$/u);
    assert.ok(calls[0]?.includes(`-X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`));
    assert.match(calls[1] ?? "", /kube-controller-manager$/u);
    assert.match(lines.join("\n"), /kube-apiserver v.*: building \(usually about .* on 2 cores\)/u);
    assert.match(lines.join("\n"), /kube-controller-manager v.*: built in \d+ s/u);
  });

  it("says what go said when a build fails", async () => {
    const options = closed();
    const bin = newFolder();
    writeFileSync(join(bin, "go"), '#!/bin/sh\n[ "$1" = env ] && exit 0\necho "proxy: no route to host" >&2\nexit 3\n');
    chmodSync(join(bin, "go"), 0o755);
    await assert.rejects(
      resolveBinaries({ ...options, env: { PATH: `${bin}:/usr/bin:/bin` } }),
      /build from Go modules: go build of kube-apiserver failed after \d+ s with exit code 3: proxy: no route to host/u,
    );
    assert.deepEqual(readdirSync(options.cacheDir), []);
  });
});

describe("pins", () => {
  it("are the versions that the Go modules require", () => {
    const module = (name: string): string => readFileSync(new URL(`go/${name}/go.mod`, import.meta.url), "utf8");
    assert.ok(module("kubernetes").includes(`k8s.io/kubernetes ${KUBERNETES_VERSION}`));
    assert.ok(module("kubernetes").includes(`k8s.io/api ${KUBERNETES_VERSION.replace("v1.", "v0.")}`));
    assert.ok(module("etcd").includes(`go.etcd.io/etcd/server/v3 ${ETCD_VERSION}`));
  });

  it("hold a checksum for each platform that developers use", () => {
    for (const platform of ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"]) {
      assert.match(ENVTEST_SHA512[platform] ?? "", /^[0-9a-f]{128}$/u);
    }
  });
});
