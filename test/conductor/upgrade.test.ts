/** A newer release, a newer API server: what nobody changed makes no commit on the source branch. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import { blobId } from "../../operator/manifest/blob-id.ts";
import { identityOf } from "../../operator/manifest/identity.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import { toManifest } from "../../operator/manifest/to-manifest.ts";
import { recordChanges } from "../../operator/record/write-record.ts";
import type { JsonObject, Recorded } from "../../operator/values.ts";
import { createWorld, mainRef, recordRef, type World } from "./world.ts";

const path = "apps/shop/configmap-app.yaml";
const readAnew = "clickscribe: 1 object of shop read anew: nobody changed it";

const metadata: JsonObject = {
  annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
  name: "app",
  namespace: "shop",
};

function app(data: JsonObject, more: JsonObject = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data, ...more };
}

/** As a release wrote it whose rules left the annotation, which these take out. */
function olderText(data: JsonObject): string {
  return serialize({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
}

/** Leaves record and branch as the older release would have: its text wherever the present one stands. */
function makeOlder(world: World, data: JsonObject, options: { readonly delivered: boolean }): void {
  const now = toManifest(app(data)).blob;
  const text = olderText(data);
  const blob = blobId(text);
  const file = (oid: string): Recorded["source"] => [{ path, blob: oid }];
  const [before, after]: readonly [Recorded, Recorded] = options.delivered
    ? [
        { live: now, base: now, source: file(now) },
        { live: blob, base: blob, source: file(blob) },
      ]
    : [
        { live: now, base: undefined, source: [] },
        { live: blob, base: undefined, source: [] },
      ];
  const changes = recordChanges(identityOf(app(data)), before, after, () => text);
  const files = Object.fromEntries(changes.map((change) => [change.path, change.content as string | null]));
  const message = world.remote.log(recordRef).at(-1)?.message ?? "";
  world.remote.commitAsPerson({ ref: recordRef, files, message });
  if (options.delivered) world.remote.commitAsPerson({ ref: mainRef, files: { [path]: text } });
}

describe("a release that removes one field more", () => {
  it("makes one commit in the record and none on the branch, and delivers what is changed afterwards", async () => {
    const world = createWorld();
    world.capture();
    let operator = await world.start();
    world.cluster.put(app({ a: "1" }));
    await world.clock.advance(1_000);
    await operator.stop();
    makeOlder(world, { a: "1" }, { delivered: true });
    const [onBranch, inRecord] = [world.commits(), world.commits(recordRef).length];

    operator = await world.start();
    assert.deepEqual(world.commits(), onBranch);
    assert.deepEqual(world.commits(recordRef).slice(inRecord), [readAnew]);
    assert.equal(world.ready().status, "True");
    await operator.stop();

    operator = await world.start();
    assert.equal(world.commits(recordRef).length, inRecord + 1);
    world.cluster.put(app({ a: "2" }));
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(onBranch.length), ["alice: app: key a: 1 -> 2"]);
    // What the file said else is a person's by now.
    const [was, is] = [olderText({ a: "1" }), world.remote.show(mainRef, path)];
    assert.equal(is, was.replace('a: "1"', 'a: "2"'));
    await operator.stop();
  });

  it("tells it apart from what somebody changed meanwhile", async () => {
    const world = createWorld();
    world.capture();
    let operator = await world.start();
    world.cluster.put(app({ a: "1" }));
    await world.clock.advance(1_000);
    await operator.stop();
    makeOlder(world, { a: "1" }, { delivered: true });
    const before = world.commits().length;
    world.cluster.put(app({ a: "2" }));
    operator = await world.start();
    assert.equal(world.commits().length, before + 1);
    assert.equal(world.remote.show(mainRef, path), toManifest(app({ a: "2" })).text);
    await operator.stop();
  });

  for (const dies of [false, true]) {
    it(`keeps the author of what was not delivered yet${dies ? ", also when it dies in between" : ""}`, async () => {
      const world = createWorld();
      world.remote.refuseRef(mainRef, "protected");
      world.capture();
      let operator = await world.start();
      world.cluster.put(app({ a: "1" }));
      await world.clock.advance(1_000);
      await operator.kill();
      makeOlder(world, { a: "1" }, { delivered: false });

      operator = await world.start();
      await world.clock.advance(1_000);
      assert.deepEqual(world.commits(recordRef).slice(-1), [readAnew]);
      if (dies) await operator.kill();
      world.remote.acceptAll();
      if (dies) operator = await world.start();
      await world.clock.advance(dies ? 1_000 : 400_000);
      assert.deepEqual(world.commits(), ["alice: create ConfigMap app"]);
      assert.equal(world.remote.show(mainRef, path), toManifest(app({ a: "1" })).text);
      await operator.stop();
    });
  }
});

describe("an API server that reads an object otherwise", () => {
  const fieldsV1 = { "f:data": { ".": {}, "f:a": {} } };
  const managed = (fields: JsonObject): JsonObject => ({
    metadata: {
      name: "app",
      namespace: "shop",
      managedFields: [
        { manager: "kubectl", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: fields },
      ],
    },
  });

  async function restartWith(
    more: JsonObject,
  ): Promise<readonly [commits: readonly string[], record: readonly string[]]> {
    const world = createWorld();
    world.capture();
    let operator = await world.start();
    world.cluster.put(app({ a: "1" }, managed(fieldsV1)));
    await world.clock.advance(1_000);
    await operator.stop();
    const [onBranch, inRecord] = [world.commits().length, world.commits(recordRef).length];
    world.cluster.put(app({ a: "1" }, more));
    operator = await world.start();
    await world.clock.advance(1_000);
    await operator.stop();
    return [world.commits().slice(onBranch), world.commits(recordRef).slice(inRecord)];
  }

  it("commits no default that came in and that nobody owns", async () => {
    const [onBranch, inRecord] = await restartWith({ ...managed(fieldsV1), immutable: false });
    assert.deepEqual(onBranch, []);
    assert.deepEqual(inRecord, [readAnew]);
  });

  it("delivers what is changed before the record was brought in step", async () => {
    const world = createWorld();
    world.capture({ batching: { quietPeriod: "5s" } });
    let operator = await world.start();
    world.cluster.put(app({ a: "1" }, managed(fieldsV1)));
    await world.clock.advance(10_000);
    await operator.stop();
    const [onBranch, inRecord] = [world.commits().length, world.commits(recordRef).length];
    world.cluster.put(app({ a: "1" }, { ...managed(fieldsV1), immutable: false }));
    operator = await world.start();
    world.cluster.put(app({ a: "2" }, { ...managed(fieldsV1), immutable: false }));
    await world.clock.advance(60_000);
    assert.deepEqual(world.commits().slice(onBranch), ["alice: app: key a: 1 -> 2"]);
    assert.deepEqual(world.commits(recordRef).slice(inRecord), [readAnew, "alice: app: key a: 1 -> 2"]);
    await operator.stop();
  });

  it("commits a field that came in and that somebody owns", async () => {
    const [onBranch] = await restartWith({ ...managed({ ...fieldsV1, "f:immutable": {} }), immutable: false });
    assert.equal(onBranch.length, 1);
  });

  it("commits what came in where the server tells no owners", async () => {
    const [onBranch] = await restartWith({ immutable: false });
    assert.equal(onBranch.length, 1);
  });
});

describe("what a list shows while a push is outstanding", () => {
  it("is told from what was seen before it, not from the record", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.cluster.put(app({ a: "1" }));
    await world.clock.advance(1_000);
    world.remote.down(retry("RemoteUnreachable", "down"));
    world.cluster.put(app({ a: "2" }));
    await world.clock.advance(1_000);
    // Taken back while the watch was broken: it reads as recorded, and not as it was seen last.
    world.cluster.putUnseen(app({ a: "1" }));
    world.cluster.relist();
    await world.clock.advance(1_000);
    world.remote.down(undefined);
    await world.clock.advance(120_000);
    assert.equal(world.remote.show(mainRef, path), toManifest(app({ a: "1" })).text);
    await operator.stop();
  });
});
