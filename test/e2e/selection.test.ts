/** Which objects of a namespace are captured: what comes to match is adopted, what stops to match is released. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { recordFolder } from "../../operator/record/record-path.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, startWorld, type World } from "./world.ts";

const fileOf = (name: string): string => `apps/configmap-${name}.yaml`;

describe("what a Capture selects", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const files = (place: Place): Promise<readonly string[]> => place.repository.files("main", "apps");
  const words = async (place: Place): Promise<readonly string[]> =>
    (await place.commits()).slice(1).map(({ author, subject }) => `${author.name}: ${subject}`);
  const patch = (place: Place, user: string, name: string, body: object): Promise<unknown> =>
    place.send(user, "PATCH", pathOf(place.namespace, "ConfigMap", name), body);
  const spec = (place: Place, resources: object): Promise<unknown> =>
    place.send("admin", "PATCH", `/apis/clickscribe.dev/v1alpha1/namespaces/${place.namespace}/captures/all`, {
      spec: { resources },
    });
  const event = (place: Place, reason: string, name: string): Promise<{ readonly note: string }> =>
    waitFor(`an Event ${reason}`, async () => (await place.events(reason, name))[0]);

  it("is named by globs, included and excluded", async () => {
    const objects = ["web", "web-cache", "job-1", "job-2"].map((name) => configMap(name, { a: "1" }));
    const include = [{ groups: [""], kinds: ["ConfigMap"], names: ["web*", "job-*"] }];
    const exclude = [{ groups: ["*"], kinds: ["*"], names: ["*-cache"] }];
    const place = await world.place("named", { objects, spec: { resources: { include, exclude } } });
    assert.deepEqual(await files(place), ["job-1", "job-2", "web"].map(fileOf));
    await place.create("alice", configMap("other", { a: "1" }));
    await place.create("alice", configMap("job-3", { a: "1" }));
    await place.waitForCommits(2);
    assert.deepEqual(await words(place), ["alice: create ConfigMap job-3"]);

    await spec(place, { include, exclude: [...exclude, { groups: [""], kinds: ["ConfigMap"], names: ["job-*"] }] });
    await event(place, "Released", "job-1");
    await patch(place, "bob", "job-1", { data: { a: "2" } });
    await patch(place, "bob", "web", { data: { a: "2" } });
    await place.waitForCommits(3);
    assert.deepEqual(await words(place), ["alice: create ConfigMap job-3", "bob: web: key a: 1 -> 2"]);
    // What was released keeps its file, as it was.
    assert.deepEqual(await files(place), ["job-1", "job-2", "job-3", "web"].map(fileOf));
  });

  it("has the labels that the selector asks for, and is adopted and released with them", async () => {
    const labels = { team: "shop" };
    const objects = [configMap("mine", { a: "1" }, { labels }), configMap("theirs", { a: "1" })];
    const selector = { matchLabels: labels, matchExpressions: [{ key: "tmp", operator: "DoesNotExist" }] };
    const place = await world.place("labelled", { objects, spec: { resources: { selector } } });
    assert.deepEqual(await files(place), [fileOf("mine")]);

    await patch(place, "alice", "theirs", { metadata: { labels } });
    await place.waitForCommits(2);
    assert.deepEqual(await words(place), ["alice: create ConfigMap theirs"]);

    await patch(place, "bob", "mine", { metadata: { labels: { tmp: "x" } } });
    const { note } = await event(place, "Released", "mine");
    assert.match(note, /spec\.resources\.selector.*its file stays/);
    assert.deepEqual(await files(place), [fileOf("mine"), fileOf("theirs")]);
    const { skipped } = await waitFor("the status", async () => {
      const { status } = await place.capture();
      return status.objects.inScope === 1 ? status : undefined;
    });
    // Beside it, what every namespace holds.
    assert.equal(skipped.NotSelected, 3);

    const base = `${recordFolder("base", { group: "", kind: "ConfigMap", namespace: "labelled", name: "mine" })}.yaml`;
    const inRecord = (is: boolean): Promise<true> =>
      waitFor(`it ${is ? "in" : "out of"} the record`, async () => {
        const paths = await place.repository.git("ls-tree", "-r", "--name-only", place.recordRef);
        return paths.includes(`${base}\n`) === is ? true : undefined;
      });
    await inRecord(false);
    await patch(place, "bob", "mine", { metadata: { labels: { tmp: null } } });
    await inRecord(true);
    await patch(place, "bob", "mine", { data: { a: "2" } });
    await place.waitForCommits(3);
    // It came back as it stands in its file, so that it was adopted without a commit.
    assert.deepEqual(await words(place), ["alice: create ConfigMap theirs", "bob: mine: key a: 1 -> 2"]);
  });

  it("asks to be captured where only that counts", async () => {
    const asks = { annotations: { "clickscribe.dev/capture": "true" } };
    const objects = [configMap("in", { a: "1" }, asks), configMap("out", { a: "1" })];
    const place = await world.place("opted-in", { objects, spec: { resources: { optIn: true } } });
    assert.deepEqual(await files(place), [fileOf("in")]);
    await patch(place, "alice", "out", { metadata: asks });
    await place.waitForCommits(2);
    assert.match(await place.repository.git("show", `main:${fileOf("out")}`), /clickscribe\.dev\/capture: "true"/);
    await patch(place, "alice", "in", { metadata: { annotations: { "clickscribe.dev/capture": null } } });
    await event(place, "Released", "in");
    await place.send("alice", "DELETE", pathOf(place.namespace, "ConfigMap", "in"));
    await patch(place, "alice", "out", { data: { a: "2" } });
    await place.waitForCommits(3);
    assert.deepEqual(await words(place), ["alice: create ConfigMap out", "alice: out: key a: 1 -> 2"]);
    assert.deepEqual(await files(place), [fileOf("in"), fileOf("out")]);
  });
});
