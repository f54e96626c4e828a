/** Installs what the chart renders but its workload: CRDs, rights, and the operator's ServiceAccount with nothing else. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { chartObjects, isDefinition, isRights, listOf, secretReader } from "./chart.ts";
import { waitFor } from "./wait-for.ts";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const operatorNamespace = "clickscribe-system";

export interface Installed {
  /** A kubeconfig that holds the ServiceAccount's token, and no other credential. */
  readonly kubeconfig: string;
}

export interface InstallOptions {
  readonly controlPlane: ControlPlane;
  /** Left out to see what the operator says without them. */
  readonly crds?: boolean;
  readonly rbac?: boolean;
}

export async function installClickscribe({
  controlPlane,
  crds = true,
  rbac = true,
}: InstallOptions): Promise<Installed> {
  const objects = await chartObjects();
  const apply = (items: readonly object[]): Promise<unknown> =>
    controlPlane.kubectl(["apply", "--server-side", "-f", "-"], { input: listOf(items) });
  await controlPlane.kubectl(["apply", "-f", "-"], {
    input: `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${operatorNamespace}"}}`,
  });
  if (crds) {
    await apply(objects.filter(isDefinition));
    await waitFor("the CRDs to be served", async () => {
      const { body } = await controlPlane.request("admin", "GET", "/apis/clickscribe.dev/v1alpha1");
      return body.resources?.length >= 6 ? true : undefined;
    });
  }
  if (rbac) await apply(objects.filter(isRights));
  return { kubeconfig: await controlPlane.serviceAccountKubeconfig(operatorNamespace, "clickscribe") };
}

/** Lends the operator one Secret of a namespace, by name. */
export async function lendSecret(controlPlane: ControlPlane, namespace: string, secret: string): Promise<void> {
  const input = listOf(secretReader(namespace, secret));
  await controlPlane.kubectl(["apply", "-f", "-"], { input });
}
