import type { ControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "./wait-for.ts";

interface Definition {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null };
}

/** Until every CustomResourceDefinition is served. `kubectl wait` fails on one whose status nobody has written yet. */
export async function established(plane: ControlPlane): Promise<void> {
  await waitFor("definitions to be established", async () => {
    const { stdout } = await plane.kubectl(["get", "customresourcedefinitions", "-o", "json"]);
    const { items } = JSON.parse(stdout) as { readonly items: readonly Definition[] };
    const isServed = ({ status }: Definition): boolean =>
      (status?.conditions ?? []).some((condition) => condition.type === "Established" && condition.status === "True");
    return items.every(isServed) ? true : undefined;
  });
}
