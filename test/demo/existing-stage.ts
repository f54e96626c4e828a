/** Somebody's own cluster: one new namespace, and everything that was put there or beside it is taken away at the end. */
import { randomBytes } from "node:crypto";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Agent } from "undici";
import { readKubeConfig } from "../../operator/cluster/kube-config.ts";
import { resolveBinaries } from "../control-plane/binaries.ts";
import { chartObjects, listOf } from "../harness/chart.ts";
import { root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { operatorRules } from "./operator-rules.ts";
import { Refused } from "./refused.ts";
import { runCommand } from "./run-command.ts";
import type { Answer, Stage } from "./stage.ts";
import { setter } from "./stage.ts";

const people = ["alice", "bob", "carol"] as const;
const widgetNote = "the custom resource of the story is left out: its CRD would be the whole cluster's";

export async function setExistingStage(
  { kubeconfig, context }: { readonly kubeconfig: string; readonly context: string },
  yes: boolean,
  progress: (line: string) => void,
): Promise<Stage> {
  const file = resolve(kubeconfig);
  await access(file).catch(() => {
    throw new Refused(`--kubeconfig: there is no file ${kubeconfig}`);
  });
  const connection = readKubeConfig({ from: "File", path: file, context });
  const id = randomBytes(3).toString("hex");
  const namespace = `clickscribe-demo-${id}`;
  await ask(connection.server, namespace, yes, progress);

  const { kubectl: binary } = await resolveBinaries({ progress });
  const home = await mkdtemp(join(tmpdir(), "clickscribe-demo-"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  const kubectl: Stage["kubectl"] = (args, options = {}) =>
    runCommand(binary, ["--kubeconfig", file, "--context", context, ...args], { env, ...options });
  const removals: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const remove = async (): Promise<void> => {
    for (const removal of removals.toReversed()) await removal().catch((error: unknown) => progress(String(error)));
  };
  try {
    const crds = await kubectl(["get", "crd", "captures.clickscribe.dev", "--ignore-not-found", "-o", "name"]);
    if (crds === "") {
      removals.push(() => kubectl(["delete", "--ignore-not-found", "-f", join(root, "crds")]));
      await kubectl(["apply", "-f", join(root, "crds")]);
    }
    removals.push(() => kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]));
    await kubectl(["create", "namespace", namespace]);
    const rules = listOf(operatorRules(await chartObjects(), namespace, id));
    removals.push(() => kubectl(["delete", "--ignore-not-found", "-f", "-"], { input: rules }));
    await kubectl(["apply", "-f", "-"], { input: rules });
    await waitFor("the CRDs to be served", async () => {
      const served = await kubectl(["api-resources", "--api-group=clickscribe.dev", "-o", "name"]);
      return served.includes("captures") ? true : undefined;
    });
    const token = (await kubectl(["create", "token", "clickscribe", "--namespace", namespace])).trim();
    const impersonates = (await kubectl(["auth", "can-i", "impersonate", "users"], { check: false })).trim() === "yes";
    if (impersonates) {
      const subjects = people.map((name) => `--user=${name}`);
      await kubectl(["create", "rolebinding", "people", "--clusterrole=edit", ...subjects, "--namespace", namespace]);
    } else progress("you may not impersonate: every step is yours");
    const { tls } = await connection.credentials();
    const cluster = {
      server: connection.server,
      ...(tls.ca !== undefined && { "certificate-authority-data": Buffer.from(tls.ca).toString("base64") }),
      ...(tls.rejectUnauthorized === false && { "insecure-skip-tls-verify": true }),
    };
    const operatorKubeconfig = join(home, "operator.kubeconfig");
    await writeFile(operatorKubeconfig, JSON.stringify(kubeconfigOf(cluster, token)), { mode: 0o600 });
    const local = ["127.0.0.1", "localhost", "[::1]"].includes(new URL(connection.server).hostname);
    progress(widgetNote);
    const agent = new Agent({ connect: { ...tls } });
    removals.push(() => agent.destroy());
    return {
      server: connection.server,
      namespace,
      kubeconfig: file,
      context,
      users: impersonates ? Object.fromEntries(people.map((name) => [name, `--as ${name}`])) : {},
      operatorKubeconfig,
      operatorFlags: [`--namespace=${namespace}`, ...(local ? [`--webhook-configuration=clickscribe-${id}`] : [])],
      attributes: local && impersonates,
      resources: ["deployments.apps", "configmaps", "services"],
      hasWidgets: false,
      async request(user, method, path, body, contentType): Promise<Answer> {
        const { authorization } = await connection.credentials();
        const response = await agent.request({
          origin: connection.server,
          path,
          method,
          headers: {
            accept: "application/json",
            ...(authorization !== undefined && { authorization }),
            ...(impersonates && user !== setter && { "impersonate-user": user }),
            ...(body !== undefined && { "content-type": contentType ?? "application/json" }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        return { status: response.statusCode, body: await response.body.json() };
      },
      kubectl,
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Prints what will be touched, and goes on only if a person says so. */
async function ask(server: string, namespace: string, yes: boolean, progress: (line: string) => void): Promise<void> {
  progress(`this uses the cluster ${server}`);
  progress(`it makes the namespace ${namespace}, and for the operator a ServiceAccount, ClusterRoles and bindings,`);
  progress("a ValidatingWebhookConfiguration that never blocks, and the CRDs of clickscribe.dev if they are missing;");
  progress("all of it is removed at the end");
  if (yes) return;
  if (!process.stdin.isTTY) throw new Refused("there is no terminal to ask on: give --yes to go on");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Go on? [y/N] ");
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refused("nothing was changed");
}

function kubeconfigOf(cluster: object, token: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "operator",
    clusters: [{ name: "cluster", cluster }],
    users: [{ name: "operator", user: { token } }],
    contexts: [{ name: "operator", context: { cluster: "cluster", user: "operator" } }],
  };
}
