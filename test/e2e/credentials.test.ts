/** A credential in clear stops its object, and reaches nothing that can be read: neither Git nor Events nor logs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { clickscribe } from "../harness/command-line.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, everyObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

/** Put together here: a whole one would be taken for lost. */
const token = ["gh", "p_", "aB3".repeat(12)].join("");
const inBase64 = Buffer.from(`token: ${token}\n`).toString("base64");
const holds = (text: string): boolean => text.includes(token) || text.includes(inBase64);
const merge = { contentType: "application/merge-patch+json" };

describe("a credential in clear", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ flags: ["--log-level=debug"] });
  });
  after(() => world.stop());

  const set = (place: Place, user: string, name: string, data: Readonly<Record<string, string | null>>): Promise<Raw> =>
    place.send(user, "PATCH", pathOf(place.namespace, "ConfigMap", name), { data }, merge);
  const skipped = (place: Place, count: number | undefined): Promise<unknown> =>
    waitFor("the status to count it", async () => {
      const { status } = await place.capture();
      return status.skipped?.CredentialInClear === count ? true : undefined;
    });
  /** Neither reachable nor otherwise. */
  async function mustNotBeInGit(place: Place): Promise<void> {
    const all = await everyObject(place.repository);
    assert.ok(all.includes("kind: ConfigMap"), "what is in files is found");
    assert.ok(!holds(all), "the repository holds it");
  }
  function mustNotBeSaid(): void {
    const { logs, output } = world.operator;
    assert.ok(logs.length > 0 && !holds(JSON.stringify([logs, output])), "the operator's log holds it");
  }
  const explain = async (place: Place, name: string): Promise<string> => {
    const args = ["explain", `configmap/${name}`, "-n", place.namespace];
    const urls = ["--allow-plain-http", "--allow-local-addresses"];
    const { out, err } = await clickscribe(world.plane, [...args, ...urls], { user: "alice" });
    assert.ok(!holds(out + err), "explain says it");
    return out;
  };

  it("keeps the object out of Git, says where it is and not what it is, until it is taken out", async () => {
    const place = await world.place("new");
    await place.create("alice", configMap("app", { "config.json": `{"token":"${token}"}`, x: "1" }));
    await skipped(place, 1);
    const [event] = await waitFor("an Event", async () => {
      const found = await place.events("Skipped", "app");
      return found.length > 0 ? found : undefined;
    });
    assert.match(event.note ?? event.message, /CredentialInClear \(a GitHub token at \/data\/config\.json\)/);
    assert.match(await explain(place, "app"), /a GitHub token at \/data\/config\.json/);
    assert.deepEqual(await place.commits(), []);

    await set(place, "bob", "app", { "config.json": null });
    const [commit] = await place.waitForCommits(1);
    assert.deepEqual([commit?.author.name, commit?.files], ["bob", ["apps/configmap-app.yaml"]]);
    await mustNotBeInGit(place);
  });

  it("is found wherever it stands, and is in no path that is told", async () => {
    const place = await world.place("where");
    const clone = `git clone https://bot:${token}@git.example.com/shop.git`;
    await place.create("alice", configMap("annotated", { x: "1" }, { annotations: { "a/run": clone } }));
    await place.create("alice", { ...configMap("binary", {}), binaryData: { conf: inBase64 } });
    await place.create("alice", configMap("encoded", { "conf.yaml": `a: ${inBase64}\n` }));
    await place.create("alice", configMap("key", { [token]: "x" }));
    await place.create("alice", configMap("last", { x: "1" }));
    await place.waitForCommits(1);
    await skipped(place, 4);
    const paths = { annotated: "/metadata/annotations/a~1run", binary: "/binaryData/conf", encoded: "/data/conf.yaml" };
    for (const [name, path] of Object.entries({ ...paths, key: "/data" })) {
      const told = await waitFor(`an Event on ${name}`, async () => (await place.events("Skipped", name))[0]);
      const note: string = told.note ?? told.message;
      assert.ok(note.startsWith("not written to Git: CredentialInClear (a GitHub token"), note);
      assert.ok(note.endsWith(` at ${path})`), note);
    }
    assert.deepEqual(await place.repository.files("main", "apps"), ["apps/configmap-last.yaml"]);
    await mustNotBeInGit(place);
  });

  it("leaves the file of an object that gains one as it was", async () => {
    const place = await world.place("gained", { objects: [configMap("app", { x: "1" })] });
    const before = await place.repository.show("main", "apps/configmap-app.yaml");
    const count = (await place.commits()).length;
    await set(place, "alice", "app", { x: `https://bot:${token}@example.com` });
    await skipped(place, 1);
    // Another change goes its way meanwhile.
    await place.create("alice", configMap("other", { x: "1" }));
    await place.waitForCommits(count + 1);
    assert.equal(await place.repository.show("main", "apps/configmap-app.yaml"), before);
    // Nor is it written by an operator that finds it so.
    mustNotBeSaid();
    await world.startOperator();
    await place.create("alice", configMap("third", { x: "1" }));
    await place.waitForCommits(count + 2);
    await skipped(place, 1);
    assert.equal(await place.repository.show("main", "apps/configmap-app.yaml"), before);
    await set(place, "alice", "app", { x: "2" });
    const commits = await place.waitForCommits(count + 3);
    assert.equal(commits.at(-1)?.author.name, "alice");
    assert.match((await place.repository.show("main", "apps/configmap-app.yaml")) ?? "", /x: "2"/);
    await mustNotBeInGit(place);
  });

  it("may stand where the Capture allows it", async () => {
    const allow = [{ kinds: ["ConfigMap"], paths: ["/data/sample*", "/data/sample"] }];
    const place = await world.place("allowed", { spec: { secrets: { allow } } });
    await place.create("alice", configMap("docs", { sample: token }));
    await place.create("alice", configMap("app", { other: token }));
    await place.waitForCommits(1);
    await skipped(place, 1);
    assert.deepEqual(await place.repository.files("main", "apps"), ["apps/configmap-docs.yaml"]);
  });

  it("is in no log line, metric or Event", async () => {
    const metrics = await (await fetch(world.operator.url("/metrics"))).text();
    mustNotBeSaid();
    const { stdout: events } = await world.plane.kubectl(["get", "events", "-A", "-o", "json"]);
    const { stdout: captures } = await world.plane.kubectl(["get", "captures", "-A", "-o", "json"]);
    for (const text of [metrics, events, captures]) assert.ok(!holds(text));
    assert.match(metrics, /clickscribe_skipped_objects\{reason="CredentialInClear"\} 5/);
  });
});
