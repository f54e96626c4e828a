/** What Argo CD, Flux, Helm and OLM manage: captured where it is applied from the Capture's folder, or where it is adopted. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { application, gitopsDefinitions, kustomization, labelledBy, trackedBy } from "../fixtures/gitops.ts";
import { clickscribe } from "../harness/command-line.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const helmLabel = { "app.kubernetes.io/managed-by": "Helm" };
const merge = { contentType: "application/merge-patch+json" };

describe("what somebody else manages", () => {
  let world: World;
  const apply = async (object: object): Promise<void> => {
    await world.plane.kubectl(["apply", "--server-side", "-f", "-"], { input: JSON.stringify(object) });
  };
  /** The definitions of these groups. */
  const install = async (...groups: readonly string[]): Promise<void> => {
    for (const definition of gitopsDefinitions as readonly Raw[])
      if (groups.includes(definition.spec.group)) await apply(definition);
    await established(world.plane);
  };
  before(async () => {
    world = await startWorld({ operator: false });
    await install("argoproj.io");
    for (const namespace of ["argocd", "flux-system"]) await world.plane.kubectl(["create", "namespace", namespace]);
    await world.startOperator();
  });
  after(() => world.stop());

  const skipped = (
    place: Place,
    reason: string,
    count: number | undefined,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> =>
    waitFor(
      `${count ?? "no"} object skipped as ${reason}`,
      async () => {
        const { status } = await place.capture();
        return status.skipped?.[reason] === count ? true : undefined;
      },
      options,
    );
  const set = (place: Place, name: string, x: string): Promise<Raw> =>
    place.send("alice", "PATCH", pathOf(place.namespace, "ConfigMap", name), { data: { x } }, merge);
  const explain = async (place: Place, name: string): Promise<string> => {
    const args = ["explain", `configmap/${name}`, "-n", place.namespace];
    const urls = ["--allow-plain-http", "--allow-local-addresses"];
    return (await clickscribe(world.plane, [...args, ...urls], { user: "admin" })).out;
  };

  it("Argo CD from here: captured, and a click in it committed; from elsewhere: not, until it is from here", async () => {
    const repository = await world.git.createRepository("argo");
    // The Capture names its branch: HEAD is the same one.
    const here = { name: "here", namespace: "argocd", url: `${repository.url}/`, path: "./apps/" };
    await apply(application({ ...here, revision: "HEAD" }));
    await apply(
      application({ name: "there", namespace: "argocd", url: "https://example.com/other.git", path: "apps" }),
    );
    const place = await world.place("argo", {
      existing: repository,
      spec: { branch: "main" },
      objects: [
        configMap("mine", { x: "1" }, trackedBy("here", "argo", "mine")),
        configMap("chart", { x: "1" }, { ...trackedBy("here", "argo", "chart"), labels: helmLabel }),
        configMap("theirs", { x: "1" }, trackedBy("there", "argo", "theirs")),
        configMap("copy", { x: "1" }, trackedBy("there", "argo", "theirs")),
        configMap("import", { x: "1" }, trackedBy("there", "staging", "import")),
      ],
    });
    await skipped(place, "ManagedElsewhere", 1);
    const files = ["chart", "copy", "import", "mine"].map((name) => `apps/configmap-${name}.yaml`);
    assert.deepEqual(await repository.files("main", "apps"), files);
    assert.ok(!((await repository.show("main", "apps/configmap-mine.yaml")) ?? "").includes("argocd"));
    assert.match(
      await explain(place, "theirs"),
      /Argo CD Application there, from example\.com\/other, branch main, path apps/,
    );
    assert.doesNotMatch(await explain(place, "mine"), /not in Git|ManagedElsewhere/);
    const count = (await place.commits()).length;
    await set(place, "mine", "2");
    const [click] = (await place.waitForCommits(count + 1)).slice(-1);
    assert.deepEqual([click?.author.name, click?.files], ["alice", ["apps/configmap-mine.yaml"]]);

    await apply(application({ name: "there", namespace: "argocd", url: repository.url, path: "" }));
    await waitFor("what is applied from here now", async () =>
      (await repository.files("main", "apps")).includes("apps/configmap-theirs.yaml") ? true : undefined,
    );
    await skipped(place, "ManagedElsewhere", undefined);
  });

  it("Flux from here: captured; from another branch: not", async () => {
    const repository = await world.git.createRepository("flux");
    const here = { name: "apps", namespace: "flux-system", url: repository.url, path: "apps" };
    const place = await world.place("flux", {
      existing: repository,
      objects: [
        configMap("mine", { x: "1" }, labelledBy("apps", "flux-system")),
        configMap("theirs", { x: "1" }, labelledBy("other", "flux-system")),
      ],
    });
    await skipped(place, "ManagedElsewhere", 2);
    assert.match(await explain(place, "mine"), /Flux Kustomization flux-system\/apps, which the cluster does not hold/);
    // Flux is installed now: the operator, which runs, finds it when it looks at the Capture anew.
    await install("kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io");
    for (const object of kustomization(here)) await apply(object);
    for (const object of kustomization({ ...here, name: "other", revision: "prod" })) await apply(object);
    await skipped(place, "ManagedElsewhere", 1, { timeoutMs: 60_000 });
    await waitFor("the file", async () => ((await repository.files("main", "apps")).length > 0 ? true : undefined));
    assert.deepEqual(await repository.files("main", "apps"), ["apps/configmap-mine.yaml"]);
    assert.ok(!((await repository.show("main", "apps/configmap-mine.yaml")) ?? "").includes("fluxcd"));
    await set(place, "mine", "2");
    await waitFor("the click in Git", async () =>
      (await repository.show("main", "apps/configmap-mine.yaml"))?.includes('x: "2"') ? true : undefined,
    );
    // Its GitRepository moves to the branch.
    for (const object of kustomization({ ...here, name: "other" })) await apply(object);
    await skipped(place, "ManagedElsewhere", undefined);
  });

  it("adopted: written without marks", async () => {
    const helm = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop" };
    const objects = [
      configMap(
        "helm",
        { x: "1" },
        {
          annotations: { ...helm, note: "mine" },
          labels: { ...helmLabel, "helm.sh/chart": "shop-1", app: "shop" },
        },
      ),
      configMap("olm", { x: "1" }, { labels: { "olm.owner": "csv" } }),
      configMap("argocd", { x: "1" }, trackedBy("nobody", "adopted", "argocd")),
      configMap("chart", { x: "1" }, { ...trackedBy("nobody", "adopted", "chart"), labels: helmLabel }),
    ];
    const place = await world.place("adopted", { objects });
    await skipped(place, "HelmManaged", 1);
    await skipped(place, "OperatorManaged", 1);
    await skipped(place, "ManagedElsewhere", 2);
    assert.deepEqual(await place.repository.files("main", "apps"), []);
    const path = `/apis/clickscribe.dev/v1alpha1/namespaces/${place.namespace}/captures/all`;
    const adopt = async (managedBy: object, ...names: readonly string[]): Promise<void> => {
      await place.send("admin", "PATCH", path, { spec: { managedBy } }, merge);
      await waitFor(names.join(", "), async () => {
        const files = await place.repository.files("main", "apps");
        return files.join() === names.map((name) => `apps/configmap-${name}.yaml`).join() ? true : undefined;
      });
    };
    await adopt({ helm: "Adopt", olm: "Adopt" }, "helm", "olm");
    // What a chart gives stays Argo CD's, who would put it back.
    await skipped(place, "ManagedElsewhere", 2);
    await adopt({ gitops: "Adopt" }, "argocd", "chart", "helm", "olm");
    for (const name of ["argocd", "chart", "olm"])
      assert.doesNotMatch(
        (await place.repository.show("main", `apps/configmap-${name}.yaml`)) ?? "none",
        /none|labels|annotations/,
      );
    assert.equal(
      await place.repository.show("main", "apps/configmap-helm.yaml"),
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: helm\n  namespace: adopted\n  labels:\n    app: shop\n  annotations:\n    note: mine\ndata:\n  x: "1"\n`,
    );
  });
});
