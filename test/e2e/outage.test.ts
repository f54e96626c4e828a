/** What the operator needs goes away and comes back: the git server, the API server; and people push in between. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const people = ["alice", "bob", "carol"] as const;
const file = "apps/configmap-app.yaml";

describe("an outage", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ flags: ["--source-poll=2s"] });
  });
  after(() => world.stop());

  it("of the git server for 30 s, while 50 objects change by three users: all arrive, with their authors", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `app-${i}`);
    const place = await world.place("down", { objects: names.map((name) => configMap(name, { x: "1" })) });
    const userOf = (name: string): (typeof people)[number] => people[names.indexOf(name) % 3] ?? "alice";
    const began = Date.now();
    await world.git.down();
    for (const name of names) {
      await place.send(userOf(name), "PATCH", pathOf("down", "ConfigMap", name), { data: { x: name } });
      await sleep(200);
    }
    const condition = await place.waitForReason("RemoteUnreachable");
    assert.equal(condition.status, "False");
    await sleep(began + 30_000 - Date.now());
    await world.git.up();
    const arrived = await waitFor(
      "all 50 files",
      async () => {
        const texts = await Promise.all(
          names.map((name) => place.repository.show("main", `apps/configmap-${name}.yaml`)),
        );
        return texts.every((text, i) => parse(text ?? "").data.x === names[i]) ? Date.now() : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 500, seen: () => place.ready() },
    );
    assert.ok(arrived - began < 75_000);
    await place.waitForReason("Succeeded");
    const changed = new Map<string, string[]>();
    for (const { author, files } of (await place.commits()).slice(1))
      for (const path of files) changed.set(path, [...(changed.get(path) ?? []), author.name]);
    assert.equal(changed.size, names.length);
    for (const name of names) assert.deepEqual(changed.get(`apps/configmap-${name}.yaml`), [userOf(name)]);
    await assertNothingTwice(place.repository);
  });

  it("of the API server in the middle of edits loses nothing, and names nobody wrongly", async () => {
    const place = await world.place("restart", { objects: [configMap("app", { x: "0" })] });
    const edit = async (user: string, x: string): Promise<void> => {
      await waitFor(`${user} to be let edit`, async () => {
        await place.send(user, "PATCH", pathOf("restart", "ConfigMap", "app"), { data: { x } });
        return true;
      });
    };
    await edit("alice", "1");
    await place.waitForCommits(2);
    await edit("bob", "2");
    await world.plane.restartApiserver();
    await edit("carol", "3");
    await place.create("alice", configMap("more", { x: "1" }));
    await waitFor(
      "Git to hold what is live",
      async () => {
        const x = parse((await place.repository.show("main", file)) ?? "").data.x;
        const more = await place.repository.show("main", "apps/configmap-more.yaml");
        return x === "3" && more !== undefined ? true : undefined;
      },
      { timeoutMs: 40_000 },
    );
    const wrote: Readonly<Record<string, string>> = { "1": "alice", "2": "bob", "3": "carol" };
    for (const { oid, author, files } of (await place.commits()).slice(1)) {
      if (author.name === "unknown") continue;
      const x = parse((await place.repository.show(oid, file)) ?? "").data.x;
      assert.equal(author.name, files.includes(file) ? wrote[x] : "alice");
    }
    // Afterwards all is as before.
    await waitFor("an author to be known again", async () => {
      const x = crypto.randomUUID();
      await edit("bob", x);
      const found = await waitFor("its commit", async () => {
        const last = (await place.commits()).at(-1);
        const now = last && (await place.repository.show(last.oid, file));
        return now?.includes(x) ? last : undefined;
      });
      return found.author.name === "bob" ? true : undefined;
    });
    await assertNothingTwice(place.repository);
  });

  it("of nothing: a person's commit on the branch in between stays", async () => {
    const place = await world.place("between", { objects: [configMap("app", { x: "1" })] });
    const { repository } = place;
    const hold = repository.hold(({ refs }) => refs.some(({ ref }) => ref === "refs/heads/main"));
    await place.send("alice", "PATCH", pathOf("between", "ConfigMap", "app"), { data: { x: "2" } });
    await hold.arrived;
    const theirs = await repository.commitAsPerson({ files: { "docs/how.md": "by hand\n", "apps/note.txt": "hi\n" } });
    hold.release();
    const commits = await place.waitForCommits(3);
    assert.deepEqual(
      commits.slice(1).map(({ author, subject }) => `${author.name}: ${subject}`),
      ["Paula Person: change by hand", "alice: app: key x: 1 -> 2"],
    );
    assert.equal(commits[1]?.oid, theirs);
    assert.equal(await repository.show("main", "docs/how.md"), "by hand\n");
    assert.equal(await repository.show("main", "apps/note.txt"), "hi\n");
    await place.waitForReason("Succeeded");
  });

  it("of agreement: Diverged is told, the file is left alone until both are equal", async () => {
    const place = await world.place("both", { objects: [configMap("app", { x: "1" })] });
    const { repository } = place;
    const text = (await repository.show("main", file)) ?? "";
    const theirs = text.replace('x: "1"', 'x: "git"');
    assert.notEqual(theirs, text);
    await repository.commitAsPerson({ files: { [file]: theirs } });
    await place.send("alice", "PATCH", pathOf("both", "ConfigMap", "app"), { data: { x: "live" } });
    const condition = await place.waitForReason("Diverged");
    assert.match(condition.message, /ConfigMap both\/app/);
    const event = await waitFor("an Event", async () => (await place.events("Diverged", "app"))[0]);
    assert.match(event.note, /data\.x changed in the cluster and in Git, to different values/);
    await place.create("bob", configMap("more", { x: "1" }));
    await place.waitForCommits(3);
    assert.equal(await repository.show("main", file), theirs);
    assert.equal((await place.capture()).status.objects.diverged, 1);

    await place.send("carol", "PATCH", pathOf("both", "ConfigMap", "app"), { data: { x: "git" } });
    await place.waitForReason("Succeeded");
    assert.equal(await repository.show("main", file), theirs);
    assert.equal((await place.commits()).length, 3);
    await assertEditWorks(place, "x");
  });
});

async function assertEditWorks(place: Place, key: string): Promise<void> {
  const count = (await place.commits()).length;
  await place.send("bob", "PATCH", pathOf(place.namespace, "ConfigMap", "app"), { data: { [key]: "after" } });
  const commits = await place.waitForCommits(count + 1);
  assert.equal(commits.at(-1)?.author.name, "bob");
  const { items } = await place.send("admin", "GET", pathOf(place.namespace, "ConfigMap"));
  const live = (items as Raw[]).find(({ metadata }) => metadata.name === "app");
  assert.deepEqual(parse((await place.repository.show("main", file)) ?? "").data, live.data);
}
