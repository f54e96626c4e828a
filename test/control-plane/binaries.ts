import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { BINARY_NAMES, ETCD_VERSION, KUBERNETES_VERSION, platformName } from "./pins.ts";
export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
}
export async function resolveBinaries(
  _options: { readonly progress?: (line: string) => void } = {},
): Promise<Binaries> {
  const dir = join(
    homedir(),
    ".cache/clickscribe/control-plane",
    `kubernetes-${KUBERNETES_VERSION}-etcd-${ETCD_VERSION}-${platformName()}`,
  );
  for (const name of BINARY_NAMES) await access(join(dir, name), constants.X_OK);
  return {
    etcd: join(dir, "etcd"),
    kubeApiserver: join(dir, "kube-apiserver"),
    kubeControllerManager: join(dir, "kube-controller-manager"),
    kubectl: join(dir, "kubectl"),
  };
}
