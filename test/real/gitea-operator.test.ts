/** The whole operator against a real Gitea: a person's edit, a branch that gets protected, and lets go again. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { configMap, type Place, startWorld, type World } from "../e2e/world.ts";
import type { LogEntry } from "../git/bare-repository.ts";
import { lendSecret } from "../harness/install.ts";
import { secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type GiteaRepository, type GiteaServer, robot, startGitea } from "./gitea-server.ts";

const words = "Not allowed to push to protected branch main";

describe("Clickscribe with Gitea", { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  let gitea: GiteaServer;
  let world: World;
  before(async () => {
    gitea = await startGitea();
    stack.defer(() => gitea.stop());
    world = await startWorld();
    stack.defer(() => world.stop());
  });
  after(() => stack.disposeAsync());

  /** Namespace, repository and Secret of the same name. */
  async function placeAt(namespace: string, url: string, data: Readonly<Record<string, string>>): Promise<Place> {
    await world.plane.kubectl(["create", "namespace", namespace]);
    await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(secretObject("git", namespace, data)) });
    await lendSecret(world.plane, namespace, "git");
    return await world.place(namespace, { url, secret: "git", objects: [configMap("app", { x: "1" })] });
  }
  const editedBy = async (user: string, namespace: string, from: string, to: string): Promise<void> => {
    const editor = `sed -i 's/x: "${from}"/x: "${to}"/'`;
    await world.plane.kubectl(["edit", "configmap", "app", "-n", namespace], { user, editor });
  };
  const untilShown = (remote: GiteaRepository, ref: string, wanted: string): Promise<LogEntry> =>
    waitFor(`${wanted} on ${ref}`, async () => {
      const last = (await remote.log(ref)).at(-1);
      return last !== undefined && `${last.author.name}: ${last.subject}` === wanted ? last : undefined;
    });

  it("delivers an edit by its author, waits at a protected branch while the record goes on, and catches up", async () => {
    const remote = await gitea.createRepository("shop");
    await remote.pushAsPerson({ "README.md": "# first\n" });
    const place = await placeAt("shop", remote.url, { username: robot, password: gitea.token });
    await editedBy("alice", "shop", "1", "2");
    const commit = await untilShown(remote, "main", "alice: app: key x: 1 -> 2");
    assert.deepEqual(commit.files, ["apps/configmap-app.yaml"]);
    const shown = await remote.shownTip("main");
    assert.deepEqual(
      [shown.sha, shown.commit.author.name, shown.commit.committer.name],
      [commit.oid, "alice", "clickscribe"],
    );

    await remote.protect("main");
    await editedBy("bob", "shop", "2", "3");
    const condition = await place.waitForReason("SourceRefused");
    assert.ok(condition.message.includes(words), condition.message);
    await untilShown(remote, place.recordRef, "bob: app: key x: 2 -> 3");
    await editedBy("alice", "shop", "3", "4");
    await untilShown(remote, place.recordRef, "alice: app: key x: 3 -> 4");
    assert.equal(await remote.tip("main"), commit.oid);

    await remote.unprotect("main");
    await untilShown(remote, "main", "alice: app: key x: 3 -> 4");
    await place.waitForReason("Succeeded");
    assert.deepEqual(
      (await remote.log()).slice(-2).map(({ author, subject }) => `${author.name}: ${subject}`),
      ["bob: app: key x: 2 -> 3", "alice: app: key x: 3 -> 4"],
    );
    assert.match((await remote.show("main", "apps/configmap-app.yaml")) ?? "", /^ {2}x: "4"$/m);
    assert.deepEqual(await remote.fsck(), []);
  });

  it("delivers over SSH into an empty repository, and what a person commits there is left alone", async () => {
    const remote = await gitea.createRepository("ssh");
    const { privateKey, knownHosts } = gitea.ssh;
    const place = await placeAt("ssh", remote.sshUrl, { identity: privateKey, known_hosts: knownHosts });
    await waitFor("the first commit", async () => await remote.tip("main"));
    await editedBy("alice", "ssh", "1", "2");
    await untilShown(remote, "main", "alice: app: key x: 1 -> 2");
    await remote.pushAsPerson({ "README.md": "# by hand\n" });
    await editedBy("bob", "ssh", "2", "3");
    await untilShown(remote, "main", "bob: app: key x: 2 -> 3");
    await place.waitForReason("Succeeded");
    assert.equal(await remote.show("main", "README.md"), "# by hand\n");
    assert.match((await remote.show("main", "apps/configmap-app.yaml")) ?? "", /^ {2}x: "3"$/m);
    assert.deepEqual(await remote.fsck(), []);
  });
});
