/** Kubernetes and Clickscribe are upgraded under a capture of every kind: nobody finds a commit that nobody made. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { rulesVersion } from "../../operator/manifest/rules.ts";
import { resolveBinaries } from "../control-plane/binaries.ts";
import { KUBERNETES_VERSION } from "../control-plane/pins.ts";
import { clusterName, configMap, type Place, pathOf, type Raw, startWorld, type World } from "../e2e/world.ts";
import { samples } from "../fixtures/objects.ts";
import { root } from "../harness/install.ts";
import { type OperatorProcess, startOperator } from "../harness/operator-process.ts";
import { waitFor } from "../harness/wait-for.ts";
import { resolvePart } from "./parts/parts.ts";

/** The annotation that the next release takes out. */
const note = "example.com/note";

describe("an upgrade", () => {
  let world: World;
  let place: Place;
  let current: string;
  let next: string;
  let operator: OperatorProcess | undefined;
  let objects = 0;

  const start = async (release?: string, waitUntilReady = true): Promise<OperatorProcess> => {
    await operator?.stop();
    const { kubeconfig } = world;
    operator = await startOperator({
      kubeconfig,
      clusterName,
      waitUntilReady,
      ...(release !== undefined && { release }),
    });
    return operator;
  };
  const log = (ref: string): Promise<string> => place.repository.git("log", "--format=%an: %s", ref);
  const tip = async (): Promise<string> => (await place.repository.git("rev-parse", "main")).trim();
  /** Until the operator that was started last has compared the cluster with the record. */
  const settled = async (since: string): Promise<void> => {
    await waitFor("the Capture to be looked at", async () => {
      const { lastHandledReconcileAt } = (await place.capture()).status;
      return lastHandledReconcileAt === since ? true : undefined;
    });
    await sleep(1_000);
  };
  const reconcile = async (word: string): Promise<void> => {
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": word });
    await settled(word);
  };

  before(async () => {
    const [binaries, previous] = await Promise.all([resolveBinaries(), resolvePart("previous-kube-apiserver")]);
    current = binaries.kubeApiserver;
    world = await startWorld({ plane: { binaries: { ...binaries, kubeApiserver: previous } }, operator: false });
    next = await makeNextRelease();
    await start();
    place = await world.place("shop");
    for (const { resource, object } of samples) {
      const [version = "", plural = ""] = resource.split(" ");
      const api = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
      const metadata = { ...(object["metadata"] as Raw), annotations: { [note]: "x" } };
      const body = { ...object, metadata };
      const { status } = await world.plane.request("admin", "POST", `${api}/namespaces/shop/${plural}`, body);
      if (status === 201) objects++;
    }
    await waitFor("every object in Git", async () => {
      const files = (await place.repository.git("ls-tree", "-r", "--name-only", "main", "apps")).trim().split("\n");
      return files.length >= objects ? true : undefined;
    });
  });
  after(async () => {
    await operator?.kill();
    await world.stop();
    await rm(next, { recursive: true, force: true });
  });

  it("of the API server under a running operator makes no commit, and what is edited afterwards arrives", async () => {
    const before = await tip();
    await world.plane.stopApiserver();
    await world.plane.startApiserver(current);
    const { body } = await world.plane.request("admin", "GET", "/version");
    assert.ok(body.gitVersion.startsWith(KUBERNETES_VERSION.split(".").slice(0, 2).join(".")));
    await reconcile("after-the-server");
    assert.equal(await tip(), before);
    await place.create("alice", configMap("server", { a: "1" }));
    await waitFor("alice's commit", async () => ((await log("main")).startsWith("alice: ") ? true : undefined));
  });

  it("of the API server and to a release that removes a field more makes one commit in the record, none on the branch", async () => {
    const [before, recorded] = [await tip(), (await log(place.recordRef)).split("\n").length];
    await start(next);
    await reconcile("after-the-release");
    assert.equal(await tip(), before);
    const record = (await log(place.recordRef)).split("\n");
    assert.equal(record.length, recorded + 1);
    assert.match(record[0] ?? "", /^clickscribe: \d+ objects of shop read anew: nobody changed them$/);
    assert.equal((await place.ready()).status, "True");
  });

  it("loses nothing afterwards: an edit, a deletion, and an object that is edited for the first time since", async () => {
    const count = (await place.commits()).length;
    await place.send("bob", "PATCH", pathOf("shop", "ConfigMap", "server"), { data: { a: "2" } });
    await place.waitForCommits(count + 1);
    await place.send("bob", "DELETE", pathOf("shop", "ConfigMap", "server"));
    await place.waitForCommits(count + 2);
    await place.send("carol", "PATCH", pathOf("shop", "Deployment", "web"), { spec: { replicas: 4 } });
    const commits = await place.waitForCommits(count + 3);
    const newest = commits.slice(-3).map(({ author, subject }) => `${author.name}: ${subject}`);
    assert.deepEqual(newest, [
      "bob: server: key a: 1 -> 2",
      "bob: delete ConfigMap server",
      "carol: web: scale 3 -> 4",
    ]);
    const text = await place.repository.git("show", "main:apps/deployment-web.yaml");
    // The edit changes what carol changed. What the file said before stays a file's own.
    assert.match(text, /\n {2}replicas: 4\n/);
    assert.ok(text.includes(note), text);
  });

  it("is not undone: the release before refuses the record, and says so", async () => {
    const [before, record] = [await tip(), await log(place.recordRef)];
    await start();
    const { message } = await place.waitForReason("RecordNewer");
    assert.ok(
      message.includes(`cleaning rules of version ${rulesVersion + 1}, this version has ${rulesVersion}`),
      message,
    );
    await place.create("alice", configMap("too-new", { a: "1" }));
    await sleep(2_000);
    assert.deepEqual([await tip(), await log(place.recordRef)], [before, record]);
    await start(next);
    await waitFor("what was missed", async () =>
      (await log("main")).includes("create ConfigMap too-new") ? true : undefined,
    );
  });
});

/** These sources as they would be after a release whose rules take out one annotation more. */
async function makeNextRelease(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-next-"));
  for (const part of ["operator", "webhooks", "package.json"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const file = join(folder, "operator/manifest/rules.ts");
  const rule = `{ path: ["metadata", "annotations", ${JSON.stringify(note)}], since: ${rulesVersion + 1}, reason: "", source: "" },`;
  const edits: readonly (readonly [string, string])[] = [
    [`rulesVersion = ${rulesVersion};`, `rulesVersion = ${rulesVersion + 1};`],
    ["everyKind: readonly Rule[] = [", `everyKind: readonly Rule[] = [${rule}`],
  ];
  let text = await readFile(file, "utf8");
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  await writeFile(file, text);
  return folder;
}
