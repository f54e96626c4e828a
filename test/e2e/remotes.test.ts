/** What a GitRemote says, on the real API server and git server: credentials, authors, keys, where the record stands. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import { lendSecret } from "../harness/install.ts";
import { gitRemoteObject, secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type Condition, configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const run = promisify(execFile);

describe("a GitRemote", () => {
  let world: World;
  let guarded: GitServer;
  let scratch: string;

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "clickscribe-remotes-"));
    guarded = await startGitServer({ auth: { username: "bot", password: "first-p4ssword" } });
    world = await startWorld();
  });
  after(async () => {
    await world.stop();
    await guarded.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const remoteStatus = async (place: Place): Promise<Raw> =>
    (
      await place.send(
        "admin",
        "GET",
        `/apis/clickscribe.dev/v1alpha1/namespaces/${place.namespace}/gitremotes/platform`,
      )
    ).status;

  const secret = async (namespace: string, name: string, data: Readonly<Record<string, string>>): Promise<void> => {
    await world.plane.request("admin", "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    const { status } = await world.plane.request(
      "admin",
      "POST",
      pathOf(namespace, "Secret"),
      secretObject(name, namespace, data),
    );
    assert.equal(status, 201);
    await lendSecret(world.plane, namespace, name);
  };

  it("signs the commits of branch and record by a key whose public half its status shows", async () => {
    const key = join(scratch, "signing");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "a phrase", "-C", "clickscribe", "-f", key]);
    await secret("signed", "signing", { identity: await readFile(key, "utf8"), password: "a phrase" });
    const remote = { commit: { signing: { type: "SSH", secretRef: { name: "signing" } } } };
    const place = await world.place("signed", { remote });
    await place.create("alice", configMap("app", { a: "1" }));
    await place.waitForCommits(1);
    const status = await waitFor("the public key", async () => {
      const found = await remoteStatus(place);
      return found?.signing?.publicKey === undefined ? undefined : found;
    });
    const [type, blob] = (await readFile(`${key}.pub`, "utf8")).split(" ");
    assert.ok(status.signing.publicKey.startsWith(`${type} ${blob}`), status.signing.publicKey);
    const shown = (await run("ssh-keygen", ["-l", "-f", `${key}.pub`])).stdout.split(" ")[1];
    assert.equal(status.signing.fingerprint, shown);
    const allowed = join(scratch, "allowed_signers");
    await writeFile(allowed, `clickscribe@clickscribe.invalid ${status.signing.publicKey}\n`);
    const verify = ["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${allowed}`, "verify-commit"];
    for (const ref of ["refs/heads/main", place.recordRef]) await place.repository.git(...verify, ref);
    assert.deepEqual(await place.repository.fsck(), []);
  });

  it("names people as its ConfigMap does and gives subjects the form that a host demands", async () => {
    const people = configMap("people", { alice: "Alice Doe <alice@example.com>" });
    const commit = { authors: { configMapRef: { name: "people" } }, subjectTemplate: "OPS-7 {summary}" };
    const place = await world.place("people", { remote: { commit }, objects: [people] });
    await place.create("alice", configMap("app", { a: "1" }));
    await place.create("bob", configMap("web", { a: "1" }));
    const commits = await waitFor("both commits", async () => {
      const found = (await place.commits()).filter(({ author }) => ["Alice Doe", "bob"].includes(author.name));
      return found.length === 2 ? found : undefined;
    });
    assert.deepEqual(commits.map(({ author, subject }) => `${author.name} <${author.email}> ${subject}`).toSorted(), [
      "Alice Doe <alice@example.com> OPS-7 create ConfigMap app",
      "bob <bob@clickscribe.invalid> OPS-7 create ConfigMap web",
    ]);
    const { conditions } = (await remoteStatus(place)) as { readonly conditions: readonly Condition[] };
    assert.deepEqual(
      conditions.map(({ type, status }) => `${type} ${status}`),
      ["Ready True", "AuthorsKnown True"],
    );
  });

  it("keeps the record in another repository, also while the branch is protected", async () => {
    const audit = await world.git.createRepository("audit", { empty: true });
    await world.plane.request("admin", "POST", "/api/v1/namespaces", { metadata: { name: "apart" } });
    const api = "/apis/clickscribe.dev/v1alpha1/namespaces/apart/gitremotes";
    await world.plane.request(
      "admin",
      "POST",
      api,
      gitRemoteObject({ name: "audit", namespace: "apart", url: audit.url }),
    );
    const place = await world.place("apart", {
      remote: { record: { remoteRef: { name: "audit" } } },
      objects: [configMap("app", { a: "1" })],
    });
    await place.waitForCommits(1);
    assert.deepEqual(Object.keys(await place.repository.refs()), ["refs/heads/main"]);
    await place.repository.rejectRef("refs/heads/main", "main is protected");
    await place.send("alice", "PATCH", pathOf("apart", "ConfigMap", "app"), { data: { a: "2" } });
    await place.waitForReason("SourceRefused");
    const recorded = (await audit.log(place.recordRef)).at(-1);
    assert.deepEqual([recorded?.author.name, recorded?.subject], ["alice", "app: key a: 1 -> 2"]);
    await world.startOperator();
    await place.repository.acceptAll();
    await place.waitForReason("Succeeded", 60_000);
    const last = (await place.commits()).at(-1);
    assert.deepEqual([last?.author.name, last?.subject], ["alice", "app: key a: 1 -> 2"]);
    assert.deepEqual([await audit.fsck(), await place.repository.fsck()], [[], []]);
  });

  it("that may only be read gets no push, by credentials that could not", async () => {
    const repository = await world.git.createRepository("only-read", {
      files: {
        "apps/configmap-app.yaml":
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n  namespace: only-read\ndata:\n  a: "1"\n',
      },
      config: { "http.receivepack": "false" },
    });
    const objects = [configMap("app", { a: "1" })];
    const place = await world.place("only-read", { existing: repository, remote: { access: "ReadOnly" }, objects });
    await place.send("alice", "PATCH", pathOf("only-read", "ConfigMap", "app"), { data: { a: "2" } });
    const ready = await waitFor("the difference to be told", async () => {
      const found = await place.ready();
      return found.message.includes("1 of them otherwise than on the branch") ? found : undefined;
    });
    assert.equal(ready.status, "True");
    assert.match((await place.events("Refused", "app"))[0]?.note, /spec\.access of the GitRemote is ReadOnly/);
    assert.deepEqual([repository.pushes.length, (await place.commits()).length], [0, 0]);
  });

  it("takes up a rotated password without a restart, asks seldom with a refused one, and loses nothing", async () => {
    const repository = await guarded.createRepository("rotated");
    await secret("rotated", "git", { username: "bot", password: "first-p4ssword" });
    const place = await world.place("rotated", { existing: repository, secret: "git", url: repository.url });
    await place.create("alice", configMap("app", { a: "1" }));
    await waitFor("alice's commit", async () => (await place.commits()).find(({ author }) => author.name === "alice"));
    const there = (await place.commits()).length;
    guarded.setAuth({ username: "bot", password: "second-p4ssword" });
    const before = guarded.refused;
    await place.send("bob", "PATCH", pathOf("rotated", "ConfigMap", "app"), { data: { a: "2" } });
    const refused = await place.waitForReason("AuthenticationFailed");
    assert.match(refused.message, /refused the credentials: renew the password or token in the Secret/);
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    const tries = guarded.refused - before;
    // Two services are asked side by side; then nobody asks for ten seconds.
    assert.ok(tries >= 1 && tries <= 4, `${tries} logins in ten seconds`);
    await place.send("admin", "PATCH", pathOf("rotated", "Secret", "git"), {
      data: { password: Buffer.from("second-p4ssword").toString("base64") },
    });
    await place.waitForReason("Succeeded", 60_000);
    const commits = await place.waitForCommits(there + 1, 60_000);
    assert.deepEqual([commits.length, commits.at(-1)?.author.name], [there + 1, "bob"]);
  });

  it("tells of a branch that somebody deletes or forces, and never forces one itself", async () => {
    const place = await world.place("moved", { objects: [configMap("app", { a: "1" }), configMap("web", { a: "1" })] });
    await place.waitForCommits(1);
    const captured = (await place.repository.tip("main")) ?? "";
    await place.send("alice", "PATCH", pathOf("moved", "ConfigMap", "app"), { data: { a: "2" } });
    await place.waitForCommits(2);
    await place.repository.git("update-ref", "refs/heads/main", captured);
    const theirs = await place.repository.commitAsPerson({ files: { "README.md": "rewritten\n" } });
    // It looks by itself once a minute.
    const look = async (at: string): Promise<void> =>
      await place.annotate({ "clickscribe.dev/reconcile-requested-at": at });
    await look("1");
    const told = async (reason: string): Promise<string> =>
      await waitFor(reason, async () => (await place.events(reason, "all"))[0]?.note as string | undefined);
    assert.match(
      await told("SourceRewritten"),
      new RegExp(`^main was rewritten: .* from ${theirs.slice(0, 7)} as it is`),
    );
    await place.send("bob", "PATCH", pathOf("moved", "ConfigMap", "web"), { data: { a: "2" } });
    await waitFor("bob's commit", async () => (await place.commits()).find(({ author }) => author.name === "bob"));
    assert.ok(
      (await place.repository.log()).some(({ oid }) => oid === theirs),
      "the person's commit is there",
    );

    await place.repository.git("update-ref", "-d", "refs/heads/main");
    await look("2");
    await told("SourceDeleted");
    await waitFor("the branch", async () => {
      const files = await place.repository.files("main");
      return files.includes("apps/configmap-app.yaml") && files.includes("apps/configmap-web.yaml") ? true : undefined;
    });
    await place.waitForReason("Succeeded");
    assert.deepEqual(await place.repository.fsck(), []);
  });
});
