/** Five hundred objects at once. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, startWorld, type World } from "./world.ts";

const people = ["alice", "bob", "carol"] as const;
const count = 500;

describe("a burst of 500 objects by three users", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("is 500 files in at most 5 commits, each object by who made it", async (t) => {
    const place = await world.place("burst", { spec: { batching: { quietPeriod: "3s", maxWait: "30s" } } });
    const began = Date.now();
    await Promise.all(
      people.map(async (user, which) => {
        const own = Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 === which);
        const send = async (): Promise<void> => {
          for (let i = own.shift(); i !== undefined; i = own.shift()) {
            await place.create(user, configMap(`app-${i}`, { user, text: "x".repeat(500) }));
          }
        };
        await Promise.all(Array.from({ length: 6 }, send));
      }),
    );
    const created = Date.now();
    await waitFor(
      "500 files",
      async () => ((await place.repository.files("main", "apps")).length === count ? true : undefined),
      { timeoutMs: 60_000, intervalMs: 250 },
    );
    t.diagnostic(`created in ${created - began} ms, on the branch ${Date.now() - created} ms later`);
    await place.waitForReason("Succeeded");
    const commits = await place.commits();
    assert.ok(commits.length <= 5, commits.map(({ author, subject }) => `${author.name}: ${subject}`).join("\n"));
    assert.deepEqual(new Set(commits.map(({ author }) => author.name)), new Set(people));
    const seen = new Set<string>();
    for (const { oid, author, files, body, trailers } of commits) {
      const text = await place.repository.git("grep", "-h", "user: ", oid, "--", ...files);
      assert.deepEqual(
        new Set(
          text
            .trim()
            .split("\n")
            .map((line) => line.trim()),
        ),
        new Set([`user: ${author.name}`]),
      );
      for (const file of files) assert.ok(!seen.has(file), `${file} is in two commits`);
      for (const file of files) seen.add(file);
      assert.ok(files.length <= 50 || body.includes(`and ${files.length - 50} more`), body.slice(-400));
      assert.equal(trailers["Changed-Object"]?.length, Math.min(50, files.length));
    }
    assert.equal(seen.size, count);
    const file = await place.repository.show("main", "apps/configmap-app-0.yaml");
    assert.equal(parse(file ?? "").data.user, "alice");
    assert.deepEqual(await place.repository.fsck(), []);
    await waitFor("the status to count them", async () => {
      const { status } = await place.capture();
      return status.objects.inSync === count ? true : undefined;
    });
  });
});
