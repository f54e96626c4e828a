/**
 * Builds the binaries from the pinned Go modules of `go/` into the cache. Sums of all modules are in go.sum, so what is
 * built is what was pinned, whichever proxy it came from.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RungResult } from "./binaries.ts";
import { keepInCache, withScratch } from "./cache.ts";
import { type BinaryName, ETCD_VERSION, KUBERNETES_VERSION } from "./pins.ts";
import { supervise } from "./supervise.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Holds the modules `kubernetes` and `etcd`. */
export const GO_MODULES: string = fileURLToPath(new URL("go", import.meta.url));

interface Recipe {
  readonly module: "kubernetes" | "etcd";
  readonly package: string;
  readonly version: string;
  /** With an empty build cache on 2 cores, in the order of building (what is shared is built with the first). */
  readonly usually: string;
}

const RECIPES: ReadonlyMap<BinaryName, Recipe> = new Map([
  [
    "kube-apiserver",
    {
      module: "kubernetes",
      package: "k8s.io/kubernetes/cmd/kube-apiserver",
      version: KUBERNETES_VERSION,
      usually: "4 min",
    },
  ],
  [
    "kube-controller-manager",
    {
      module: "kubernetes",
      package: "k8s.io/kubernetes/cmd/kube-controller-manager",
      version: KUBERNETES_VERSION,
      usually: "1.5 min",
    },
  ],
  [
    "kubectl",
    { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubectl", version: KUBERNETES_VERSION, usually: "40 s" },
  ],
  ["etcd", { module: "etcd", package: "go.etcd.io/etcd/server/v3", version: ETCD_VERSION, usually: "40 s" }],
]);

const PROGRESS_MS = 10_000;

export async function buildFromModules(options: {
  readonly missing: readonly BinaryName[];
  readonly cache: string;
  readonly env: Environment;
  readonly progress: (line: string) => void;
  readonly modules: string;
}): Promise<RungResult> {
  const { missing, cache, env, progress, modules } = options;
  const go = await goVersion(env);
  if (go === undefined) {
    return { found: new Map(), why: "no `go` on the PATH (Go 1.26 or newer is needed: https://go.dev/dl)" };
  }
  const found = new Map<BinaryName, string>();
  const order = [...RECIPES].filter(([name]) => missing.includes(name));
  progress(`building ${order.map(([name]) => name).join(", ")} from Go modules with ${go}, once; kept in ${cache}`);
  return withScratch(cache, async (scratch) => {
    for (const [name, recipe] of order) {
      const file = join(scratch, name);
      const why = await build({ name, recipe, file, scratch, env, progress, folder: join(modules, recipe.module) });
      if (why !== undefined) return { found, why };
      found.set(name, await keepInCache(cache, file, name));
    }
    return { found };
  });
}

async function build(options: {
  readonly name: BinaryName;
  readonly recipe: Recipe;
  readonly file: string;
  readonly scratch: string;
  readonly folder: string;
  readonly env: Environment;
  readonly progress: (line: string) => void;
}): Promise<string | undefined> {
  const { name, recipe, file, scratch, progress } = options;
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  const usually = `usually about ${recipe.usually} on 2 cores`;
  progress(`  ${name} ${recipe.version}: building (${usually})`);
  const timer = setInterval(() => progress(`  ${name} ${recipe.version}: ${elapsed()} (${usually})`), PROGRESS_MS);
  const logFile = join(scratch, `${name}.log`);
  try {
    const go = supervise({
      command: "go",
      args: [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        `-ldflags=${linkerFlags(recipe)}`,
        "-o",
        file,
        recipe.package,
      ],
      env: definedOnly(options.env),
      cwd: options.folder,
      logFile,
      removeWhenOrphaned: scratch,
    });
    const code = await go.exited;
    if (code === 0) {
      progress(`  ${name} ${recipe.version}: built in ${elapsed()}`);
      return undefined;
    }
    const log = await readFile(logFile, "utf8");
    return `go build of ${name} failed after ${elapsed()} with exit code ${code}: ${lastLine(log)}`;
  } finally {
    clearInterval(timer);
  }
}

/** Without its version the API server calls itself v0.0.0-master and clients that look misbehave. */
function linkerFlags(recipe: Recipe): string {
  if (recipe.module === "etcd") return "-s -w";
  const [major, minor] = recipe.version.slice(1).split(".");
  const set = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return ["-s -w", set("gitVersion", recipe.version), set("gitMajor", major ?? ""), set("gitMinor", minor ?? "")].join(
    " ",
  );
}

async function goVersion(env: Environment): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION"], { env: definedOnly(env) });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
