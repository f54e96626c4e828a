/** Downloads released binaries into the cache; nothing is unpacked or kept whose checksum is not the expected one. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { type Dispatcher, EnvHttpProxyAgent, fetch } from "undici";
import type { RungResult } from "./binaries.ts";
import { keepInCache, withScratch } from "./cache.ts";
import { type BinaryName, ENVTEST_SHA512, ENVTEST_VERSION, platformName } from "./pins.ts";

export interface DownloadSources {
  /** Holds `envtest-VERSION/envtest-VERSION-PLATFORM.tar.gz`. */
  readonly envtest: string;
  readonly envtestVersion: string;
  /** By platform. */
  readonly envtestSha512: Readonly<Record<string, string>>;
  /** Holds `VERSION/bin/OS/ARCH/kube-controller-manager` and, beside it, its `.sha512`. */
  readonly kubernetes: string;
  /** The longest wait for a connection: what a closed network costs. */
  readonly connectTimeoutMs: number;
}

export const RELEASES: DownloadSources = {
  envtest: "https://github.com/kubernetes-sigs/controller-tools/releases/download",
  envtestVersion: ENVTEST_VERSION,
  envtestSha512: ENVTEST_SHA512,
  kubernetes: "https://dl.k8s.io/release",
  connectTimeoutMs: 4_000,
};

type Environment = Readonly<Record<string, string | undefined>>;

const IN_ENVTEST: readonly BinaryName[] = ["etcd", "kube-apiserver", "kubectl"];

export async function downloadReleases(options: {
  readonly missing: readonly BinaryName[];
  readonly cache: string;
  readonly env: Environment;
  readonly progress: (line: string) => void;
  readonly sources: DownloadSources;
}): Promise<RungResult> {
  const { missing, cache, env, progress, sources } = options;
  const found = new Map<BinaryName, string>();
  const reasons: string[] = [];
  const dispatcher = createDispatcher(env, sources.connectTimeoutMs);
  try {
    await withScratch(cache, async (scratch) => {
      const wanted = missing.filter((name) => IN_ENVTEST.includes(name));
      if (wanted.length > 0) {
        try {
          const folder = await downloadEnvtest(scratch, { dispatcher, progress, sources });
          for (const name of wanted) found.set(name, await keepInCache(cache, join(folder, name), name));
        } catch (error) {
          reasons.push((error as Error).message);
          // The same closed network would cost the same wait again.
          return;
        }
      }
      if (missing.includes("kube-controller-manager")) {
        try {
          const file = await downloadControllerManager(scratch, { dispatcher, progress, sources });
          found.set("kube-controller-manager", await keepInCache(cache, file, "kube-controller-manager"));
        } catch (error) {
          reasons.push((error as Error).message);
        }
      }
    });
  } finally {
    await dispatcher.destroy();
  }
  return reasons.length === 0 ? { found } : { found, why: reasons.join("; ") };
}

interface Source {
  readonly dispatcher: Dispatcher;
  readonly progress: (line: string) => void;
  readonly sources: DownloadSources;
}

async function downloadEnvtest(scratch: string, source: Source): Promise<string> {
  const { envtest, envtestVersion, envtestSha512 } = source.sources;
  const platform = platformName();
  const sha512 = envtestSha512[platform];
  if (sha512 === undefined) throw new Error(`envtest ${envtestVersion} has no pinned checksum for ${platform}`);
  const name = `envtest-${envtestVersion}-${platform}.tar.gz`;
  const archive = join(scratch, name);
  await downloadVerified(`${envtest}/envtest-${envtestVersion}/${name}`, sha512, archive, source);
  const folder = join(scratch, "envtest");
  await mkdir(folder);
  try {
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder, "--strip-components=2"]);
  } catch (error) {
    throw new Error(`cannot unpack ${name}: ${(error as Error).message.trim().split("\n").at(-1)}`, { cause: error });
  }
  return folder;
}

async function downloadControllerManager(scratch: string, source: Source): Promise<string> {
  const { kubernetes, envtestVersion } = source.sources;
  const [os, arch] = platformName().split("-");
  // https://kubernetes.io/releases/download: server binaries are published for Linux only.
  if (os !== "linux") throw new Error(`no kube-controller-manager is released for ${os}`);
  const url = `${kubernetes}/${envtestVersion}/bin/${os}/${arch}/kube-controller-manager`;
  const checksum = await (await get(`${url}.sha512`, source)).text();
  const sha512 = /^[0-9a-f]{128}/u.exec(checksum.trim())?.[0];
  if (sha512 === undefined) throw new Error(`${url}.sha512 holds no SHA-512`);
  const file = join(scratch, "kube-controller-manager");
  await downloadVerified(url, sha512, file, source);
  return file;
}

async function downloadVerified(url: string, sha512: string, file: string, source: Source): Promise<void> {
  const response = await get(url, source);
  const length = Number(response.headers.get("content-length") ?? "");
  const size = length > 0 ? ` (${Math.ceil(length / 1e6)} MB)` : "";
  source.progress(`downloading ${url}${size}`);
  const hash = createHash("sha512");
  let received = 0;
  let shown = Date.now();
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      if (Date.now() - shown > 5_000) {
        shown = Date.now();
        source.progress(`  ${Math.floor(received / 1e6)} MB${length > 0 ? ` of ${Math.ceil(length / 1e6)} MB` : ""}`);
      }
      done(null, chunk);
    },
  });
  try {
    if (!response.body) throw new Error("an empty answer");
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file));
  } catch (error) {
    throw new Error(`${url}: broke off after ${received} bytes (${causeOf(error)})`, { cause: error });
  }
  const actual = hash.digest("hex");
  if (actual !== sha512) {
    throw new Error(
      `${url}: wrong checksum, thrown away (SHA-512 ${actual.slice(0, 16)}…, not ${sha512.slice(0, 16)}…)`,
    );
  }
}

async function get(url: string, source: Source): Promise<import("undici").Response> {
  let response: import("undici").Response;
  try {
    response = await fetch(url, { dispatcher: source.dispatcher, redirect: "follow" });
  } catch (error) {
    throw new Error(`${url}: ${causeOf(error)}`, { cause: error });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url}: HTTP ${response.status}`);
  }
  return response;
}

function createDispatcher(env: Environment, connectTimeoutMs: number): Dispatcher {
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY;
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY;
  return new EnvHttpProxyAgent({
    ...(httpProxy !== undefined && { httpProxy }),
    ...(httpsProxy !== undefined && { httpsProxy }),
    noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 20_000,
    bodyTimeout: 30_000,
  });
}

/** fetch says only "fetch failed"; what happened is the innermost cause. */
function causeOf(error: unknown): string {
  let inner: unknown = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (inner instanceof AggregateError) inner = inner.errors[0];
  return inner instanceof Error && inner.message !== "" ? inner.message : String(inner);
}
