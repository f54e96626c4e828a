/** A control plane of the demo's own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { installClickscribe } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Stage } from "./stage.ts";
import { must, setter } from "./stage.ts";
import { widgetDefinition, widgetReader, widgetRule } from "./widget.ts";

const people = ["alice", "bob", "carol"] as const;
const namespace = "shop";

export async function setEmbeddedStage(progress: (line: string) => void): Promise<Stage> {
  const plane = await startControlPlane({ progress, context: "demo", developerRules: [widgetRule] });
  try {
    progress("installing the CRDs and the operator's rights");
    const { kubeconfig: operatorKubeconfig } = await installClickscribe({ controlPlane: plane });
    const stage: Stage = {
      server: plane.server,
      namespace,
      kubeconfig: await writeKubeconfig(plane),
      context: "alice",
      users: Object.fromEntries(people.map((name) => [name, name])),
      operatorKubeconfig,
      operatorFlags: [],
      attributes: true,
      resources: ["deployments.apps", "configmaps", "services", "serviceaccounts", "widgets.demo.example.com"],
      hasWidgets: true,
      request: (user, method, path, body, contentType) =>
        plane.request(user, method, path, body, contentType === undefined ? {} : { contentType }),
      kubectl: async (args, options = {}) => (await plane.kubectl(args, options)).stdout,
      [Symbol.asyncDispose]: () => plane.stop(),
    };
    await must(stage, setter, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await must(stage, setter, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition);
    await must(stage, setter, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", widgetReader);
    await waitFor("the custom kind to be served", async () => {
      const { status } = await plane.request(setter, "GET", "/apis/demo.example.com/v1/widgets");
      return status === 200 ? true : undefined;
    });
    return stage;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** One file for all, a context per user: that is what a person wants to click with. */
async function writeKubeconfig(plane: ControlPlane): Promise<string> {
  const cluster = { server: plane.server, "certificate-authority-data": Buffer.from(plane.ca).toString("base64") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "alice",
    clusters: [{ name: "demo", cluster }],
    users: people.map((name) => ({ name, user: { token: plane.token(name) } })),
    contexts: people.map((name) => ({ name, context: { cluster: "demo", user: name, namespace } })),
  };
  const path = join(plane.folder, "demo.kubeconfig");
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return path;
}
