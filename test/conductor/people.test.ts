import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recordFolder } from "../../operator/record/record-path.ts";
import { configMapText, createWorld, mainRef, recordRef } from "./world.ts";

const appFile = "apps/shop/configmap-app.yaml";

describe("first contact", () => {
  it("adopts a file that says the same in another style and under another name, without a commit, and edits it later", async () => {
    const text = "# the app\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: app}\ndata: {a: '1'}\n";
    const world = createWorld({ files: { "apps/shop/my-app.yaml": text } });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    assert.deepEqual(world.commits(), []);
    assert.equal(world.ready().status, "True");
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.remote.files(mainRef), ["apps/shop/my-app.yaml"]);
    assert.equal(world.remote.show(mainRef, "apps/shop/my-app.yaml"), text.replace("'1'", "'2'"));
    await operator.stop();
  });

  it("writes nothing over a file that contradicts, and says so on the object", async () => {
    const world = createWorld({ files: { [appFile]: configMapText("app", { a: "other" }) } });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    assert.deepEqual(world.commits(), []);
    assert.equal(world.ready().reason, "Diverged");
    const event = world.cluster.events.find(({ reason }) => reason === "Diverged");
    assert.match(event?.message ?? "", /contradicts/);
    await operator.stop();
  });

  it("never overwrites a file that is something else", async () => {
    const world = createWorld({ files: { [appFile]: configMapText("somebody-else", {}) } });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    assert.deepEqual(world.commits(), []);
    assert.match(world.ready().message, /did not write/);
    await operator.stop();
  });

  for (const [what, rest] of [
    ["another object", configMapText("web", { a: "1" })],
    ["an object without a name", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: job-}\n"],
    ["something else", "just: text\n"],
  ] as const) {
    it(`edits its document in a file that holds ${what} besides, and takes it out of it`, async () => {
      const file = "apps/shop/all.yaml";
      const text = `# ours\n---\n${configMapText("app", { a: "1" })}---\n# theirs\n${rest}`;
      const world = createWorld({ files: { [file]: text } });
      world.configMap("app", { a: "1" });
      world.capture();
      let operator = await world.start();
      assert.equal(world.ready().status, "True");
      world.configMap("app", { a: "2" });
      await world.clock.advance(1_000);
      assert.equal(world.remote.show(mainRef, file), text.replace('a: "1"', 'a: "2"'));
      await operator.kill();
      operator = await world.start();
      world.configMap("app", { a: "3" });
      await world.clock.advance(1_000);
      assert.equal(world.remote.show(mainRef, file), text.replace('a: "1"', 'a: "3"'));
      world.cluster.delete("ConfigMap", "shop", "app");
      await world.clock.advance(1_000);
      assert.equal(world.remote.show(mainRef, file), `# ours\n---\n# theirs\n${rest}`);
      assert.equal(world.ready().reason, "Succeeded");
      await operator.stop();
    });
  }

  it("edits two objects of one file in one push, and tells them apart", async () => {
    const file = "apps/shop/all.yaml";
    const text = `${configMapText("app", { a: "1" })}---\n${configMapText("web", { a: "1" })}`;
    const world = createWorld({ files: { [file]: text } });
    world.configMap("app", { a: "1" });
    world.configMap("web", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.configMap("app", { a: "2" });
    world.configMap("web", { a: "3" });
    await world.clock.advance(1_000);
    assert.equal(
      world.remote.show(mainRef, file),
      `${configMapText("app", { a: "2" })}---\n${configMapText("web", { a: "3" })}`,
    );
    world.configMap("new", { a: "1" });
    await world.clock.advance(1_000);
    assert.ok((world.remote.show(mainRef, file) ?? "").endsWith(`---\n${configMapText("new", { a: "1" })}`));
    assert.deepEqual(world.remote.files(mainRef), [file]);
    assert.deepEqual((world.status()["objects"] as { inSync: number }).inSync, 3);
    await operator.stop();
  });

  it("writes JSON into a JSON file", async () => {
    const text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"a": "1"}}';
    const world = createWorld({ files: { "apps/shop/app.json": text } });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    assert.equal(world.ready().status, "True");
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.equal(world.remote.show(mainRef, "apps/shop/app.json"), text.replace('"1"', '"2"'));
    await operator.stop();
  });

  const seems = /apps\/shop\/x\.yaml seems to hold it, and cannot be read/;
  for (const [what, file, told] of [
    ["a template", `${configMapText("app", { a: "1" })}  b: {{ .Values.b }}\n`, seems],
    ["a file with an anchor", configMapText("app", { a: "1" }).replace("data:", "data: &d"), seems],
    ["an encrypted file", `${configMapText("app", { a: "1" })}sops: {mac: x}\n`, /contradicts the live object/],
  ] as const) {
    it(`touches ${what} not, writes its object nowhere else, and names it`, async () => {
      const world = createWorld({ files: { "apps/shop/x.yaml": file } });
      world.configMap("app", { a: "2" });
      world.configMap("web", { a: "1" });
      world.capture();
      const operator = await world.start();
      assert.equal(world.remote.show(mainRef, "apps/shop/x.yaml"), file);
      assert.deepEqual(world.remote.files(mainRef), ["apps/shop/configmap-web.yaml", "apps/shop/x.yaml"]);
      assert.match(world.ready().message, told);
      const { files } = world.status()["unreadable"] as { readonly files: readonly { readonly path: string }[] };
      assert.deepEqual(
        files.map(({ path }) => path),
        ["apps/shop/x.yaml"],
      );
      await operator.stop();
    });
  }

  it("writes neither of two documents of one object, and tells both places", async () => {
    const files = {
      "apps/shop/a.yaml": configMapText("app", { a: "1" }),
      "apps/shop/b.yaml": configMapText("app", { a: "1" }),
    };
    const world = createWorld({ files });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    for (const [path, text] of Object.entries(files)) assert.equal(world.remote.show(mainRef, path), text);
    assert.match(world.ready().message, /more than one place: apps\/shop\/a\.yaml, apps\/shop\/b\.yaml/);
    await operator.stop();
  });

  for (const [file, what] of [
    ["apps/shop/kustomization.yaml", "a kustomization"],
    ["apps/Chart.yaml", "a Helm chart"],
    ["apps/shop/sub/main.tf", "a Terraform module"],
  ] as const) {
    it(`refuses a path that has to do with ${file}, and records all the same`, async () => {
      const world = createWorld({ files: { [file]: "a: {{ .Values.a }}\n  b: [\n" } });
      world.configMap("app", { a: "1" });
      world.capture();
      const operator = await world.start();
      assert.deepEqual(world.commits(), []);
      assert.equal(world.ready().reason, "UnsupportedLayout");
      assert.match(world.ready().message, new RegExp(what));
      assert.equal(world.commits(recordRef).length, 1);
      await operator.stop();
    });
  }
});

describe("a person's commit", () => {
  it("to a file is left alone while the object stays, and is not written back", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.commitAsPerson({ files: { [appFile]: configMapText("app", { a: "git" }) }, message: "mine" });
    await world.clock.advance(61_000);
    assert.equal(world.remote.show(mainRef, appFile), configMapText("app", { a: "git" }));
    assert.deepEqual((world.status()["objects"] as { gitAhead: number }).gitAhead, 1);

    world.configMap("app", { a: "git" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(1), ["Paula Person: mine"]);
    assert.equal((world.status()["objects"] as { inSync: number }).inSync, 1);
    await operator.stop();
  });

  it("to a file whose object changes too is a divergence until one equals the other", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.commitAsPerson({ files: { [appFile]: configMapText("app", { a: "git" }) }, message: "mine" });
    world.configMap("app", { a: "live" });
    await world.clock.advance(1_000);
    assert.equal(world.remote.show(mainRef, appFile), configMapText("app", { a: "git" }));
    assert.equal(world.ready().reason, "Diverged");
    assert.ok(world.cluster.events.some(({ reason }) => reason === "Diverged"));

    world.remote.commitAsPerson({ files: { [appFile]: configMapText("app", { a: "live" }) }, message: "as live" });
    await world.clock.advance(61_000);
    assert.equal(world.ready().status, "True");
    assert.deepEqual(world.commits().slice(1), ["Paula Person: mine", "Paula Person: as live"]);
    await operator.stop();
  });

  it("that removes a file is not undone, and a later change of the object is told, not written", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.commitAsPerson({ files: { [appFile]: null }, message: "gone" });
    await world.clock.advance(61_000);
    assert.equal(world.remote.show(mainRef, appFile), undefined);
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.equal(world.remote.show(mainRef, appFile), undefined);
    assert.equal(world.ready().reason, "Diverged");
    await operator.stop();
  });
});

describe("deletions", () => {
  const many = (world: ReturnType<typeof createWorld>, n: number): void => {
    for (let i = 0; i < n; i++) world.configMap(`app-${i}`, { a: "1" });
  };

  it("above prune.confirmAbove wait for a person's word, also across a restart", async () => {
    const world = createWorld();
    many(world, 12);
    world.capture();
    let operator = await world.start();
    for (let i = 0; i < 11; i++) world.cluster.delete("ConfigMap", "shop", `app-${i}`);
    await world.clock.advance(1_000);
    assert.equal(world.remote.files(mainRef).length, 13);
    assert.equal(world.ready().reason, "DeletionWaiting");
    await operator.kill();
    operator = await world.start();
    await world.clock.advance(120_000);
    assert.equal(world.remote.files(mainRef).length, 13);
    const { token } = world.status()["deletionsWaiting"] as { token: string };
    world.capture({}, { "clickscribe.dev/confirm-deletions": token });
    await world.clock.advance(2_000);
    assert.equal(world.remote.files(mainRef).length, 2);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("remove nothing in another cluster of the same name, and nothing is written until a person accepts it", async () => {
    const world = createWorld();
    many(world, 3);
    world.capture();
    await (await world.start()).stop();
    const tips = [...world.remote.refs];

    world.cluster.vanish("Namespace", "", "kube-system");
    world.cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
    world.cluster.vanish("ConfigMap", "shop", "app-0");
    const operator = await world.start();
    await world.clock.advance(60_000);
    assert.equal(world.ready().reason, "ClusterReplaced");
    assert.deepEqual([...world.remote.refs], tips);

    const uid = /accept-cluster=(\S+)/.exec(world.ready().message)?.[1] ?? "";
    world.capture({}, { "clickscribe.dev/accept-cluster": uid });
    await world.clock.advance(40_000);
    assert.equal(world.ready().status, "True");
    assert.equal(world.remote.files(mainRef).length, 4);
    assert.equal(world.commits().length, 1);
    await operator.stop();
  });

  it("in an accepted cluster: it is ready when the record is its own, not before", async () => {
    const world = createWorld();
    many(world, 2);
    world.capture();
    await (await world.start()).stop();
    world.cluster.vanish("Namespace", "", "kube-system");
    world.cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
    const operator = await world.start();
    const uid = /accept-cluster=(\S+)/.exec(world.ready().message)?.[1] ?? "";
    const held = world.remote.holdNextPush();
    world.capture({}, { "clickscribe.dev/accept-cluster": uid });
    await world.clock.advance(40_000);
    await held.arrived;
    assert.equal(world.ready().reason, "Progressing");
    held.release();
    await world.clock.advance(40_000);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("stop when the namespace is on its way out: its files stay", async () => {
    const world = createWorld();
    many(world, 3);
    world.capture();
    const operator = await world.start();
    world.cluster.put({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" },
    });
    world.cluster.delete("ConfigMap", "shop", "app-0");
    await world.clock.advance(5_000);
    assert.equal(world.remote.files(mainRef).length, 4);
    assert.equal(world.ready().reason, "NamespaceTerminating");
    await operator.stop();
  });

  it("are not for what leaves the scope: its file stays, its entry goes", async () => {
    const world = createWorld();
    many(world, 2);
    world.capture();
    const operator = await world.start();
    world.configMap("app-0", { a: "1" }, { annotations: { "clickscribe.dev/ignore": "true" } });
    await world.clock.advance(1_000);
    world.cluster.delete("ConfigMap", "shop", "app-0");
    await world.clock.advance(1_000);
    assert.equal(world.remote.files(mainRef).length, 3);
    assert.ok(world.cluster.events.some(({ reason }) => reason === "Released"));
    assert.ok(!world.remote.files(recordRef).some((path) => path.endsWith("app-0.yaml")));
    assert.equal(world.commits(recordRef).at(-1)?.split("\n")[0], "clickscribe: 1 object of shop released");
    await operator.stop();
  });
});

describe("an object that comes back to its file", () => {
  const ignored = { annotations: { "clickscribe.dev/ignore": "true" } };
  for (const answer of ["heard", "lost"]) {
    it(`is adopted, when it was out of scope for a while (answer ${answer})`, async () => {
      const world = createWorld();
      world.configMap("app", { a: "1" });
      world.configMap("web", { a: "1" });
      world.capture();
      const operator = await world.start();
      const before = world.commits();
      if (answer === "lost") world.remote.loseAnswer();
      world.configMap("app", { a: "1" }, ignored);
      await world.clock.advance(60_000);
      world.configMap("app", { a: "1" });
      await world.clock.advance(1_000);
      assert.deepEqual([world.ready().status, world.commits()], ["True", before]);
      world.configMap("app", { a: "2" });
      await world.clock.advance(1_000);
      assert.deepEqual([world.ready().status, world.commits().length], ["True", before.length + 1]);
      assert.equal(world.remote.show(mainRef, appFile), configMapText("app", { a: "2" }));
      await operator.stop();
    });
  }

  it("is adopted, when it was deleted and its file was kept", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture({ prune: { mode: "Keep" } });
    const operator = await world.start();
    const before = world.commits();
    world.cluster.delete("ConfigMap", "shop", "app");
    await world.clock.advance(1_000);
    world.configMap("app", { a: "1" });
    await world.clock.advance(1_000);
    assert.deepEqual([world.ready().status, world.commits()], ["True", before]);
    await operator.stop();
  });
});

describe("a Capture that is made anew", () => {
  const again = async (world: ReturnType<typeof createWorld>, spec: Parameters<typeof world.capture>[0]) => {
    world.cluster.delete("Capture", "shop", "all");
    await world.clock.advance(1_000);
    world.capture(spec);
    await world.clock.advance(1_000);
  };

  it("for another path writes there, and leaves the files of the old one as they are", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.configMap("web", { a: "1" });
    world.capture();
    const operator = await world.start();
    await again(world, { path: "apps/other" });
    world.configMap("app", { a: "2" });
    world.cluster.delete("ConfigMap", "shop", "web");
    await world.clock.advance(1_000);
    assert.equal(world.remote.show(mainRef, appFile), configMapText("app", { a: "1" }));
    assert.deepEqual(world.remote.files(mainRef), [
      "README.md",
      "apps/other/configmap-app.yaml",
      appFile,
      "apps/shop/configmap-web.yaml",
    ]);
    assert.match(world.remote.show(mainRef, "apps/other/configmap-app.yaml") ?? "", /a: "2"/);
    assert.deepEqual(world.commits().slice(1), ["clickscribe: capture 2 objects of shop", "alice: change app, web"]);
    await operator.stop();
  });

  it("for another branch writes everything there", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.commitAsPerson({ ref: "refs/heads/dev", files: { "README.md": "dev\n" } });
    await again(world, { branch: "dev" });
    assert.equal(world.remote.show("refs/heads/dev", appFile), configMapText("app", { a: "1" }));
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });
});

describe("a record that a person wrote", () => {
  for (const victim of ["README.yaml", "apps/other/x.yaml", "apps/shop/.github/x.yaml", "apps/shop/run.sh"]) {
    it(`makes nobody write over or remove ${victim}`, async () => {
      const world = createWorld({ files: { [victim]: "a: 1\n" } });
      world.configMap("app", { a: "1" });
      world.capture();
      await (await world.start()).stop();
      const folder = recordFolder("source", { group: "", kind: "ConfigMap", namespace: "shop", name: "app" });
      const [own] = world.remote.files(recordRef).filter((path) => path.startsWith(folder));
      assert.ok(own);
      world.remote.commitAsPerson({
        ref: recordRef,
        files: { [own]: null, [`${folder}/${encodeURIComponent(victim)}`]: "a: 1\n" },
      });
      const operator = await world.start();
      world.configMap("app", { a: "2" });
      await world.clock.advance(1_000);
      assert.equal(world.remote.show(mainRef, victim), "a: 1\n");
      world.cluster.delete("ConfigMap", "shop", "app");
      await world.clock.advance(1_000);
      assert.equal(world.remote.show(mainRef, victim), "a: 1\n");
      await operator.stop();
    });
  }
});
