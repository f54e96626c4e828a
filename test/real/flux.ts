/**
 * Flux's kustomize-controller at work in a control plane. Its source-controller's part, to fetch a revision and say so, is
 * played here: an archive over loopback HTTP, and the status of the GitRepository that names it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { definitionOf } from "../fixtures/definition.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { waitFor } from "../harness/wait-for.ts";
import { resolvePart } from "./parts/parts.ts";

export interface Flux {
  /** Names a repository's folder to be applied, as `flux create source git` and `flux create kustomization` do. */
  follow(name: string, repository: TestRepository, path: string): Promise<void>;
  /** From now on looks at the branch when it is asked to by annotation, and every so often: as source-controller does. */
  serve(name: string, repository: TestRepository, everyMs?: number): void;
  /** A JSON merge patch of a Kustomization. */
  patch(name: string, change: object): Promise<void>;
  /** Hands a commit to be applied, by default the branch's newest; answers when that was done. */
  apply(name: string, repository: TestRepository, commit?: string): Promise<void>;
  stop(): Promise<void>;
}

const namespace = "flux-system";
const sources = ["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"].map((kind) =>
  definitionOf({
    group: "source.toolkit.fluxcd.io",
    kind,
    plural: `${kind.toLowerCase().replace(/y$/, "ie")}s`,
    status: true,
  }),
);

export async function startFlux(plane: ControlPlane): Promise<Flux> {
  const program = await resolvePart("kustomize-controller");
  const folder = await mkdtemp(join(tmpdir(), "flux-"));
  const archives = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const found = archives.get(request.url ?? "");
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  await plane.kubectl(["apply", "--server-side", "-f", join(dirname(program), "config/crd/bases")]);
  const list = { apiVersion: "v1", kind: "List", items: sources };
  await plane.kubectl(["apply", "--server-side", "-f", "-"], { input: JSON.stringify(list) });
  await plane.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  await plane.kubectl(["create", "namespace", namespace], { check: false });
  const kubeconfig = await plane.serviceAccountKubeconfig(namespace, "kustomize-controller");
  const account = `--serviceaccount=${namespace}:kustomize-controller`;
  await plane.kubectl(["create", "clusterrolebinding", "flux", "--clusterrole=cluster-admin", account], {
    check: false,
  });
  const { child, words } = run(program, kubeconfig, folder);
  const serving = new AbortController();
  const served: Promise<void>[] = [];
  return { follow, serve, patch, apply, stop };

  function serve(name: string, repository: TestRepository, everyMs?: number): void {
    served.push(look(name, repository, everyMs));
  }

  async function look(name: string, repository: TestRepository, everyMs = Infinity): Promise<void> {
    let [handled, published, lookedAt] = ["", "", -Infinity];
    while (!serving.signal.aborted) {
      await sleep(50);
      const { body } = await plane.request("admin", "GET", repositoryPath(name));
      const asked: string = body?.metadata?.annotations?.["reconcile.fluxcd.io/requestedAt"] ?? "";
      const isDue = performance.now() - lookedAt >= everyMs;
      if (body?.spec?.suspend === true || (asked === handled && !isDue)) continue;
      [handled, lookedAt] = [asked, performance.now()];
      const tip = (await repository.tip("main")) ?? "";
      if (tip === published && asked === body.status?.lastHandledReconcileAt) continue;
      published = tip;
      await publish(name, repository, tip, asked);
    }
  }

  async function patch(name: string, change: object): Promise<void> {
    const { status, body } = await plane.request("admin", "PATCH", kustomizationPath(name), change);
    if (status !== 200) throw new Error(`Kustomization ${name}: ${status} ${JSON.stringify(body)}`);
  }

  async function follow(name: string, { url }: TestRepository, path: string): Promise<void> {
    const metadata = { name, namespace };
    const items = [
      {
        apiVersion: "source.toolkit.fluxcd.io/v1",
        kind: "GitRepository",
        metadata,
        spec: { url, interval: "10m", ref: { branch: "main" } },
      },
      {
        apiVersion: "kustomize.toolkit.fluxcd.io/v1",
        kind: "Kustomization",
        metadata,
        spec: {
          interval: "10m",
          prune: true,
          path: `./${path}`,
          targetNamespace: name,
          sourceRef: { kind: "GitRepository", name },
        },
      },
    ];
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await plane.kubectl(["apply", "--server-side", "-f", "-"], { input });
  }

  /** As source-controller hands a commit on; answers its revision. */
  async function publish(name: string, repository: TestRepository, commit: string, handled?: string): Promise<string> {
    const file = join(folder, `${commit}.tar.gz`);
    await repository.git("archive", "--format=tar.gz", "-o", file, commit);
    const archive = await readFile(file);
    const revision = `main@sha1:${commit}`;
    archives.set(`/${commit}.tar.gz`, archive);
    const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const artifact = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${commit}.tar.gz`,
      digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
      path: `${commit}.tar.gz`,
      revision,
      size: archive.length,
      lastUpdateTime: at,
    };
    const ready = { type: "Ready", status: "True", reason: "Succeeded", message: "", lastTransitionTime: at };
    const { status } = await plane.request("admin", "PATCH", `${repositoryPath(name)}/status`, {
      status: {
        artifact,
        conditions: [ready],
        observedGeneration: 1,
        ...(handled !== undefined && { lastHandledReconcileAt: handled }),
      },
    });
    if (status !== 200) throw new Error(`GitRepository ${name}: ${status}`);
    return revision;
  }

  async function apply(name: string, repository: TestRepository, given?: string): Promise<void> {
    const commit = given ?? (await repository.tip("main")) ?? "";
    const revision = await publish(name, repository, commit);
    const kustomization = kustomizationPath(name);
    const annotations = { "reconcile.fluxcd.io/requestedAt": `${performance.now()}` };
    await plane.request("admin", "PATCH", kustomization, { metadata: { annotations } });
    await waitFor(
      `Flux to apply ${commit.slice(0, 7)}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`kustomize-controller ended: ${words().slice(-2_000)}`);
        const { body } = await plane.request("admin", "GET", kustomization);
        const { lastAppliedRevision, lastHandledReconcileAt } = body.status ?? {};
        const isDone = lastAppliedRevision === revision && lastHandledReconcileAt === Object.values(annotations)[0];
        return isDone ? true : undefined;
      },
      { timeoutMs: 60_000, seen: () => words().slice(-2_000) },
    );
  }

  async function stop(): Promise<void> {
    serving.abort();
    await Promise.all(served);
    await ended(child);
    await closed(server);
    await rm(folder, { recursive: true, force: true });
  }
}

function repositoryPath(name: string): string {
  return `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories/${name}`;
}

function kustomizationPath(name: string): string {
  return `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${namespace}/kustomizations/${name}`;
}

function run(
  program: string,
  kubeconfig: string,
  folder: string,
): { readonly child: ChildProcess; readonly words: () => string } {
  const addresses = ["--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0"];
  const args = ["--enable-leader-election=false", "--watch-all-namespaces", ...addresses];
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    TMPDIR: folder,
    KUBECONFIG: kubeconfig,
    RUNTIME_NAMESPACE: namespace,
  };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => void (words += chunk.toString()));
  return { child, words: () => words };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await exit;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
}
