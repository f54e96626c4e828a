/** The right to ask Argo CD and Flux to look: by the operator's own account, on the real API server. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { createApiClient } from "../control-plane/api-client.ts";
import { application, gitopsDefinitions, kustomization } from "../fixtures/gitops.ts";
import { refreshFixture } from "../harness/chart.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, type Raw, startWorld, type World } from "./world.ts";

const refresh = "argocd.argoproj.io/refresh";

describe("the right to ask Argo CD and Flux to look", () => {
  let world: World;
  const apply = async (...objects: readonly object[]): Promise<void> => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await world.plane.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
  };
  /** As the operator; answers what the API server said; "": it took it. */
  const sent = async (method: string, path: string, body: object, contentType?: string): Promise<string> => {
    const { clusters, users } = JSON.parse(await readFile(world.kubeconfig, "utf8"));
    const { server, "certificate-authority-data": ca } = clusters[0].cluster;
    const client = createApiClient(server, Buffer.from(ca, "base64").toString(), { token: users[0].user.token });
    try {
      const answer = await client.request(method, path, body, contentType === undefined ? {} : { contentType });
      return answer.status < 300 ? "" : String(answer.body.message);
    } finally {
      await client.close();
    }
  };
  const paths: Readonly<Record<string, string>> = {
    application: "/apis/argoproj.io/v1alpha1/namespaces/rights/applications/shop",
    gitrepository: "/apis/source.toolkit.fluxcd.io/v1/namespaces/rights/gitrepositories/shop",
    kustomization: "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/rights/kustomizations/shop",
  };
  const patched = (resource: string, change: object): Promise<string> => sent("PATCH", paths[resource] ?? "", change);
  before(async () => {
    world = await startWorld({ operator: false });
    await apply(...gitopsDefinitions);
    await established(world.plane);
    await world.plane.kubectl(["create", "namespace", "rights"]);
    const here = { name: "shop", namespace: "rights", url: "https://git.example.com/shop", path: "apps" };
    await apply(application(here), ...kustomization(here));
  });
  after(() => world.stop());

  it("is none by default", async () => {
    assert.match(await patched("application", { metadata: { annotations: { [refresh]: "normal" } } }), /forbidden/i);
  });

  it("lets the operator write those annotations, and nothing else", async () => {
    await world.plane.kubectl(["apply", "-f", refreshFixture]);
    // A policy takes a moment to hold, in an API server that has just got it.
    const label = (): Promise<string> =>
      patched("application", { metadata: { labels: { a: String(performance.now()) } } });
    const refusal = await waitFor(
      "the policy to hold",
      async () => {
        const said = await label();
        return said.includes("ValidatingAdmissionPolicy") ? said : undefined;
      },
      { seen: label },
    );
    assert.match(refusal, /may write the annotations only that ask to look/);
    assert.equal(await patched("application", { metadata: { annotations: { [refresh]: "normal" } } }), "");
    const requested = { metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": "2026-12-01T00:00:00Z" } } };
    assert.equal(await patched("gitrepository", requested), "");
    assert.equal(await patched("kustomization", requested), "");
    const forbidden: readonly object[] = [
      { spec: { source: { repoURL: "https://evil.example.com/x" } } },
      { spec: null },
      { operation: { sync: { revision: "HEAD" } } },
      { status: { sync: { status: "Synced" } } },
      { metadata: { annotations: { [refresh]: "hard", "argocd.argoproj.io/skip-reconcile": "true" } } },
      { metadata: { labels: { "argocd.argoproj.io/instance": "x" } } },
      { metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io"] } },
      { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" }] } },
    ];
    for (const change of forbidden)
      assert.match(await patched("application", change), /may write the annotations only/, JSON.stringify(change));
    assert.match(
      await patched("gitrepository", { spec: { url: "https://evil.example.com" } }),
      /may write the annotations only/,
    );
    const made = {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { name: "new", namespace: "rights" },
    };
    const path = `${paths["application"]?.replace(/shop$/, "new")}?fieldManager=x`;
    assert.match(
      await sent("PATCH", path, made, "application/apply-patch+yaml"),
      /may write the annotations only|forbidden/,
    );
  });

  it("has the operator ask after each push, and tell how far who applies is", async () => {
    await world.startOperator();
    const repository = await world.git.createRepository("asked");
    await world.plane.kubectl(["create", "namespace", "argocd"]);
    await apply(application({ name: "asked", namespace: "argocd", url: repository.url, path: "apps" }));
    const place: Place = await world.place("asked", {
      existing: repository,
      objects: [configMap("web", { x: "1" })],
      spec: { batching: { quietPeriod: "0s" } },
    });
    await place.create("alice", configMap("more", { x: "1" }));
    await place.waitForCommits(2);
    const path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/asked";
    const asked = await waitFor("the Application to be asked", async () => {
      const { metadata }: Raw = await place.send("admin", "GET", path);
      return metadata.annotations?.[refresh];
    });
    assert.equal(asked, "normal");
    const synced = async (): Promise<Raw> =>
      ((await place.capture()).status?.conditions ?? []).find(({ type }: Raw) => type === "Synced");
    await waitFor("Synced to be told", async () => ((await synced())?.status === "False" ? true : undefined));
    assert.equal((await synced()).reason, "ConsumerManual");
    const tip = await repository.tip("main");
    await place.send("admin", "PATCH", path, {
      status: { sync: { status: "Synced", revision: tip }, health: { status: "Healthy" } },
    });
    await waitFor("it to be applied", async () => ((await synced())?.status === "True" ? true : undefined), {
      seen: synced,
    });
    const [consumer] = (await place.capture()).status.consumers;
    assert.deepEqual(
      [consumer.kind, consumer.name, consumer.applied, consumer.upToDate, consumer.health],
      ["Application", "asked", tip, true, "Healthy"],
    );
  });
});
