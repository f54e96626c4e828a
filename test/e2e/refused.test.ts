/** A protected branch: for a minute the server refuses it. The record goes on, and nobody's name is lost. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, configMap, pathOf, startWorld, type World } from "./world.ts";

const refusedForMs = 60_000;
const words = "main is protected: open a merge request";

describe("a source branch that is refused for 60 s", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("is told, asked for seldom, and gets each change by its author in the end, though the operator was killed", async (t) => {
    const objects = [configMap("app", { x: "1" })];
    const place = await world.place("guarded", { objects });
    const { repository, recordRef } = place;
    const tip = await repository.tip();
    await repository.rejectRef("refs/heads/main", words);
    const began = Date.now();
    const ofBranch = (): readonly number[] =>
      repository.pushes
        .filter(({ at, refs }) => at >= began && refs.some(({ ref }) => ref === "refs/heads/main"))
        .map(({ at }) => at - began);

    await place.send("alice", "PATCH", pathOf("guarded", "ConfigMap", "app"), { data: { x: "2" } });
    const condition = await place.waitForReason("SourceRefused");
    assert.equal(condition.status, "False");
    assert.ok(condition.message.includes(words), condition.message);
    const { source } = (await place.capture()).status;
    assert.ok(source.refusal.includes(words));
    assert.ok(Date.parse(source.refusedUntil) > Date.now() - 1_000);
    const event = await waitFor("an Event on the object", async () => (await place.events("Refused", "app"))[0]);
    assert.equal(event.regarding.kind, "ConfigMap");
    assert.ok(event.note.includes(words), event.note);

    await sleep(12_000);
    await place.create("bob", configMap("web", { y: "1" }));
    const inRecord = async (): Promise<readonly string[]> =>
      (await repository.log(recordRef)).map(({ author, subject }) => `${author.name}: ${subject}`);
    const recorded = ["alice: app: key x: 1 -> 2", "bob: create ConfigMap web"];
    await waitFor("the record to hold both", async () => {
      const found = await inRecord();
      return recorded.every((line) => found.includes(line)) ? true : undefined;
    });
    await world.kill();
    const killed = Date.now() - began;
    await world.startOperator();
    assert.equal((await place.waitForReason("SourceRefused")).status, "False");

    await sleep(began + refusedForMs - Date.now());
    const { pushes } = repository;
    const count = pushes.filter(({ at }) => at >= began).length;
    t.diagnostic(
      `${count} pushes, ${ofBranch().length} of them with the branch, after ${ofBranch()
        .map((ms) => `${(ms / 1000).toFixed(1)} s`)
        .join(", ")}`,
    );
    assert.ok(count <= 8, `${count} pushes reached the server`);
    const since = ofBranch().filter((ms) => ms > killed);
    const gaps = since.slice(1).map((ms, i) => ms - (since[i] ?? 0));
    assert.ok(gaps.length >= 2, "it was tried less than three times after the restart");
    assert.ok(
      gaps.every((gap, i) => gap > 1.3 * (gaps[i - 1] ?? 3_000)),
      `the gaps do not grow: ${gaps.join(", ")} ms`,
    );
    assert.equal(await repository.tip(), tip);
    assert.deepEqual((await inRecord()).slice(-2), recorded);

    await repository.acceptAll();
    const commits = await place.waitForCommits(3, 60_000);
    assert.deepEqual(
      commits.slice(1).map(({ author, subject }) => `${author.name}: ${subject}`),
      recorded,
    );
    await place.waitForReason("Succeeded");
    const { status } = await place.capture();
    assert.equal(status.source.refusal, undefined);
    await assertNothingTwice(repository);
    assert.deepEqual(await repository.fsck(), []);
  });
});
