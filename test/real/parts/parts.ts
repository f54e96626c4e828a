/**
 * The real programs that only the heavy tests need: built once from the pinned Go modules of `go/`, or unpacked from the
 * distribution's packages, kept in the cache beside the control plane's, in a folder per part, version and platform.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheBase, isExecutable, withLock } from "../../control-plane/cache.ts";
import { buildGoPrograms, type GoProgram, kubernetesLinkerFlags } from "../../control-plane/go-program.ts";
import { platformName } from "../../control-plane/pins.ts";
import { type DebianProgram, installedProgram, unpackProgram } from "./debian-program.ts";
import { keepModuleFolders, type ModuleFolders } from "./module-folders.ts";
import {
  ARGO_CD_VERSION,
  GITEA_VERSION,
  GO_GIT_VERSION,
  HELM_VERSION,
  KUSTOMIZE_CONTROLLER_VERSION,
  PREVIOUS_KUBERNETES_VERSION,
  PROMETHEUS_VERSION,
  SIGS_YAML_VERSION,
} from "./pins.ts";

export type GoPartName =
  | "argocd"
  | "gitea"
  | "go-git-read"
  | "helm"
  | "kustomize-controller"
  | "previous-kube-apiserver"
  | "promtool"
  | "yaml-to-json";
export type DebianPartName = "redis-server" | "sshd";
export type PartName = GoPartName | DebianPartName;

export interface GoPart extends GoProgram<GoPartName> {
  /** What the program reads while it runs: kept beside it. */
  readonly folders?: ModuleFolders;
}

export interface PartOptions {
  /** One line each, for people. Default: stderr. */
  readonly progress?: (line: string) => void;
  /** Read for `CLICKSCRIBE_CACHE`, `XDG_CACHE_HOME`, `HOME` and what Go needs. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A build that takes longer is ended. Default: no limit. */
  readonly limitMs?: number;
}

const module = (folder: string): string => fileURLToPath(new URL(`go/${folder}`, import.meta.url));

export const goParts: Readonly<Record<GoPartName, GoPart>> = {
  argocd: {
    name: "argocd",
    module: module("argocd"),
    package: "github.com/argoproj/argo-cd/v3/cmd",
    version: ARGO_CD_VERSION,
    ldflags: "-s -w",
    // Its CustomResourceDefinitions.
    folders: { module: "github.com/argoproj/argo-cd/v3", names: ["manifests"] },
    usualSeconds: 470,
  },
  gitea: {
    name: "gitea",
    module: module("gitea"),
    package: "code.gitea.io/gitea",
    version: GITEA_VERSION,
    ldflags: `-s -w -X main.Version=${GITEA_VERSION.slice(1)}`,
    tags: "sqlite,sqlite_unlock_notify",
    // SQLite.
    cgo: true,
    folders: { module: "code.gitea.io/gitea", names: ["options", "public", "templates"] },
    usualSeconds: 240,
  },
  "go-git-read": {
    name: "go-git-read",
    module: module("go-git-read"),
    package: "clickscribe.dev/real/go-git-read",
    version: GO_GIT_VERSION,
    ldflags: "-s -w",
    usualSeconds: 30,
  },
  helm: {
    name: "helm",
    module: module("helm"),
    package: "helm.sh/helm/v4/cmd/helm",
    version: HELM_VERSION,
    ldflags: `-s -w -X helm.sh/helm/v4/internal/version.version=${HELM_VERSION}`,
    usualSeconds: 150,
  },
  "kustomize-controller": {
    name: "kustomize-controller",
    module: module("kustomize-controller"),
    package: "github.com/fluxcd/kustomize-controller",
    version: KUSTOMIZE_CONTROLLER_VERSION,
    ldflags: "-s -w",
    // Its CustomResourceDefinition.
    folders: { module: "github.com/fluxcd/kustomize-controller", names: ["config"] },
    usualSeconds: 340,
  },
  "previous-kube-apiserver": {
    name: "previous-kube-apiserver",
    module: module("kubernetes-previous"),
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    version: PREVIOUS_KUBERNETES_VERSION,
    ldflags: kubernetesLinkerFlags(PREVIOUS_KUBERNETES_VERSION),
    usualSeconds: 360,
  },
  promtool: {
    name: "promtool",
    module: module("promtool"),
    package: "github.com/prometheus/prometheus/cmd/promtool",
    version: PROMETHEUS_VERSION,
    ldflags: "-s -w",
    // It need not find targets in any cloud.
    tags: "remove_all_sd",
    usualSeconds: 90,
  },
  "yaml-to-json": {
    name: "yaml-to-json",
    module: module("yaml-to-json"),
    package: "clickscribe.dev/real/yaml-to-json",
    version: SIGS_YAML_VERSION,
    ldflags: "-s -w",
    usualSeconds: 15,
  },
};

const debianParts: Readonly<Record<DebianPartName, DebianProgram<DebianPartName>>> = {
  "redis-server": {
    name: "redis-server",
    packages: ["redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1"],
    program: "usr/bin/redis-server",
    usualSeconds: 20,
  },
  sshd: {
    name: "sshd",
    packages: ["openssh-server", "libwrap0"],
    program: "usr/sbin/sshd",
    usualSeconds: 20,
  },
};

export const parts: Readonly<Record<PartName, { readonly usualSeconds: number }>> = { ...goParts, ...debianParts };

export const partNames: readonly PartName[] = Object.keys(parts) as PartName[];

/** Whether `resolvePart` would answer at once. */
export async function isCached(name: PartName, options: PartOptions = {}): Promise<boolean> {
  return (await installed(name)) !== undefined || isExecutable(join(folderOf(name, options), name));
}

/** The path of the part's program, built if it is not in the cache; rejects with one line that says why it cannot be. */
export async function resolvePart(name: PartName, options: PartOptions = {}): Promise<string> {
  const cache = folderOf(name, options);
  const path = (await installed(name)) ?? join(cache, name);
  if (await isExecutable(path)) return path;
  const print = options.progress ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const progress = (line: string): void => print(`real parts: ${line}`);
  return withLock(cache, progress, async () => {
    // Whoever held the lock before may have built it.
    if (await isExecutable(path)) return path;
    const { env = process.env, limitMs } = options;
    const limit = limitMs === undefined ? {} : { limitMs };
    if (isOfDebian(name)) return await unpackProgram(debianParts[name], { cache, env, progress, ...limit });
    const { folders, module: from } = goParts[name];
    // Before the program: where that is, all is.
    if (folders !== undefined) await keepModuleFolders({ ...folders, from, cache, env });
    const result = await buildGoPrograms({
      programs: [goParts[name]],
      cache,
      env,
      progress,
      ...limit,
    });
    const built = result.found.get(name);
    if (built === undefined) throw new Error(result.why ?? `${name} was not built`);
    return built;
  });
}

function folderOf(name: PartName, options: PartOptions): string {
  // What the distribution has is of no version that is pinned.
  const version = isOfDebian(name) ? "debian" : goParts[name].version;
  return join(cacheBase(options.env ?? process.env), "parts", `${name}-${version}-${platformName()}`);
}

function isOfDebian(name: PartName): name is DebianPartName {
  return Object.hasOwn(debianParts, name);
}

async function installed(name: PartName): Promise<string | undefined> {
  return isOfDebian(name) ? await installedProgram(debianParts[name]) : undefined;
}
