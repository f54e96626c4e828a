/**
 * Where the control plane's binaries come from: the first rung that has one gives it, and a rung that has not says why.
 *
 * 1. `KUBEBUILDER_ASSETS`, a folder as envtest has it. 2. The cache folder. 3. A download of the envtest release (and of
 * kube-controller-manager, which envtest leaves out), checksums verified. 4. A build from the pinned Go modules.
 * What 3 and 4 give is kept in the cache. One process at a time fills it; others wait and then find it filled.
 */
import { join } from "node:path";
import { buildFromModules, GO_MODULES } from "./build.ts";
import { cacheFolder, isExecutable, withLock } from "./cache.ts";
import { type DownloadSources, downloadReleases, RELEASES } from "./download.ts";
import { BINARY_NAMES, type BinaryName, platformName } from "./pins.ts";

export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
}

export interface ResolveOptions {
  /** One line each, for people. Default: stderr. */
  readonly progress?: (line: string) => void;
  /** Read for `KUBEBUILDER_ASSETS`, `CLICKSCRIBE_CACHE`, `XDG_CACHE_HOME`, `HOME` and what Go and proxies need. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the folder named by the environment. */
  readonly cacheDir?: string;
  /** Default: the pinned releases on github.com and dl.k8s.io. */
  readonly releases?: DownloadSources;
  /** The folder that holds a Go module `kubernetes` and `etcd`. Default: the pinned ones. */
  readonly goModules?: string;
}

/** What one rung gave: paths by name, and in one line why it did not give the rest. */
export interface RungResult {
  readonly found: ReadonlyMap<BinaryName, string>;
  readonly why?: string;
}

interface Rung {
  readonly name: string;
  climb(missing: readonly BinaryName[]): Promise<RungResult>;
}

/** Finds, downloads or builds the four binaries; rejects with what each rung said when some stay missing. */
export async function resolveBinaries(options: ResolveOptions = {}): Promise<Binaries> {
  const progress = options.progress ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const env = options.env ?? process.env;
  const cache = options.cacheDir ?? cacheFolder(env);
  const cached: Rung = { name: `cache ${cache}`, climb: (missing) => lookIn(cache, missing) };
  const quick: Rung[] = [
    { name: "KUBEBUILDER_ASSETS", climb: (missing) => lookInAssets(env.KUBEBUILDER_ASSETS, missing) },
    cached,
  ];
  const slow: Rung[] = [
    {
      name: "download",
      climb: (missing) => downloadReleases({ missing, cache, env, progress, sources: options.releases ?? RELEASES }),
    },
    {
      name: "build from Go modules",
      climb: (missing) => buildFromModules({ missing, cache, env, progress, modules: options.goModules ?? GO_MODULES }),
    },
  ];

  const say = (line: string): void => progress(`control plane binaries: ${line}`);
  const state: Climb = { found: new Map(), reasons: [] };
  await climb(quick, state, () => undefined);
  const complete = missingIn(state).length === 0;
  // With everything at hand there is nothing to tell, unless the folder that somebody named did not suffice.
  for (const reason of state.reasons) if (!complete || (env.KUBEBUILDER_ASSETS ?? "") !== "") say(reason);
  if (!complete) {
    await withLock(cache, say, async () => {
      // Whoever held the lock before may have filled the cache.
      await climb([cached], { ...state, reasons: [] }, () => undefined);
      await climb(slow, state, say);
    });
  }
  const missing = missingIn(state);
  if (missing.length > 0) {
    throw new Error(
      [
        `no ${missing.join(", ")} for ${platformName()}; tried, in this order:`,
        ...state.reasons.map((reason) => `  - ${reason}`),
        "Set KUBEBUILDER_ASSETS to a folder that has them, or open one of the ways above: network access to github.com",
        "and dl.k8s.io, or Go 1.26 or newer (https://go.dev/dl) with a reachable module proxy.",
      ].join("\n"),
    );
  }
  const at = (name: BinaryName): string => state.found.get(name) ?? "";
  return {
    etcd: at("etcd"),
    kubeApiserver: at("kube-apiserver"),
    kubeControllerManager: at("kube-controller-manager"),
    kubectl: at("kubectl"),
  };
}

interface Climb {
  readonly found: Map<BinaryName, string>;
  readonly reasons: string[];
}

function missingIn(state: Climb): BinaryName[] {
  return BINARY_NAMES.filter((name) => !state.found.has(name));
}

async function climb(rungs: readonly Rung[], state: Climb, say: (line: string) => void): Promise<void> {
  for (const rung of rungs) {
    const missing = missingIn(state);
    if (missing.length === 0) return;
    let result: RungResult;
    try {
      result = await rung.climb(missing);
    } catch (error) {
      result = { found: new Map(), why: (error as Error).message };
    }
    for (const [name, path] of result.found) state.found.set(name, path);
    if (result.why !== undefined) {
      const reason = `${rung.name}: ${result.why}`;
      state.reasons.push(reason);
      say(reason);
    }
  }
}

async function lookInAssets(folder: string | undefined, missing: readonly BinaryName[]): Promise<RungResult> {
  if (folder === undefined || folder === "") return { found: new Map(), why: "not set" };
  const result = await lookIn(folder, missing);
  if (result.why === undefined) return result;
  return { found: result.found, why: `${folder} has ${result.why}` };
}

async function lookIn(folder: string, missing: readonly BinaryName[]): Promise<RungResult> {
  const found = new Map<BinaryName, string>();
  for (const name of missing) {
    const path = join(folder, name);
    if (await isExecutable(path)) found.set(name, path);
  }
  const absent = missing.filter((name) => !found.has(name));
  return absent.length === 0 ? { found } : { found, why: `no ${absent.join(", ")}` };
}
