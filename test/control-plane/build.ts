/** The control plane's binaries, built from the pinned Go modules of `go/` into the cache. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RungResult } from "./binaries.ts";
import { buildGoPrograms, type GoProgram, kubernetesLinkerFlags } from "./go-program.ts";
import { type BinaryName, ETCD_VERSION, KUBERNETES_VERSION } from "./pins.ts";

/** Holds the modules `kubernetes` and `etcd`. */
export const GO_MODULES: string = fileURLToPath(new URL("go", import.meta.url));

export async function buildFromModules(options: {
  readonly missing: readonly BinaryName[];
  readonly cache: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: (line: string) => void;
  readonly modules: string;
}): Promise<RungResult> {
  const { missing, cache, env, progress, modules } = options;
  const programs = recipes(modules).filter(({ name }) => missing.includes(name));
  return buildGoPrograms({ programs, cache, env, progress });
}

/** In the order of building: what is shared is built with the first. */
function recipes(modules: string): readonly GoProgram<BinaryName>[] {
  const kubernetes = (name: BinaryName, usualSeconds: number): GoProgram<BinaryName> => ({
    name,
    module: join(modules, "kubernetes"),
    package: `k8s.io/kubernetes/cmd/${name}`,
    version: KUBERNETES_VERSION,
    ldflags: kubernetesLinkerFlags(KUBERNETES_VERSION),
    usualSeconds,
  });
  return [
    kubernetes("kube-apiserver", 240),
    kubernetes("kube-controller-manager", 90),
    kubernetes("kubectl", 40),
    {
      name: "etcd",
      module: join(modules, "etcd"),
      package: "go.etcd.io/etcd/server/v3",
      version: ETCD_VERSION,
      ldflags: "-s -w",
      usualSeconds: 40,
    },
  ];
}
