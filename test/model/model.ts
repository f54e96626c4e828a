/**
 * What the operator promises of Git, under random edits in the cluster, random commits, rebases, forced pushes and deleted
 * branches of people, and random faults. The model knows only what everybody did, and what follows from that.
 */
import assert from "node:assert/strict";
import { toManifest } from "../../operator/manifest/to-manifest.ts";
import type { Attribution } from "../../operator/ports.ts";
import { Controller } from "../../operator/sync/controller.ts";
import { createMetrics } from "../../operator/telemetry/metrics.ts";
import type { Author, CommitId, JsonObject } from "../../operator/values.ts";
import { createFakeCluster, type FakeCluster } from "../fakes/cluster.ts";
import { createFakeMessengers } from "../fakes/messengers.ts";
import type { Random } from "../harness/random.ts";
import type { ModelCommit, Side } from "./side.ts";

const mainRef = "refs/heads/main";
const recordRef = "refs/clickscribe/dev/c/shop/all";
const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
const users = ["alice", "bob", "carol"];
const path = (name: string): string => `apps/shop/configmap-${name}.yaml`;

interface Story {
  /** Who gave an object this text; one value is given once. */
  readonly givenBy: Map<string, string>;
  /** Texts that an object had, by path of its file. */
  readonly lived: Map<string, Set<string>>;
  /** Objects that are in the cluster. */
  readonly there: Set<string>;
  /** Objects whose files a person touched since they last said what the cluster says: they may stay behind. */
  readonly loose: Set<string>;
  /** The person's commits that were on the branch when they last looked, in their order. */
  theirs: CommitId[];
  count: number;
}

export interface ModelOptions {
  readonly random: Random;
  readonly steps: number;
  /** Every so many steps all faults end and everything is compared. */
  readonly every: number;
}

/** Plays the steps. Throws AssertionError with the last steps, where a promise is broken. */
export async function playModel(side: Side, { random, steps, every }: ModelOptions): Promise<void> {
  const cluster = createFakeCluster(() => side.clock.now());
  const story: Story = {
    givenBy: new Map(),
    lived: new Map(),
    there: new Set(),
    loose: new Set(),
    theirs: [],
    count: 0,
  };
  const told: string[] = [];
  let person = "alice";
  const attribution: Attribution = {
    attribute: ({ evidence }): Author =>
      evidence === "Listed"
        ? { rung: "None", candidates: [], evidence: "model" }
        : { rung: "Admission", person, groups: [], tool: "kubectl", evidence: "model" },
  };
  const own = (kind: string, name: string, spec: JsonObject): JsonObject => ({
    apiVersion: "clickscribe.dev/v1alpha1",
    kind,
    metadata: { name, namespace: "shop" },
    spec,
  });
  const namespace = (name: string): JsonObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const object of [namespace("kube-system"), namespace("shop")]) cluster.put(object);
  cluster.put(own("GitRemote", "platform", { url: side.url, allowInsecure: true, timeout: "2s" }));
  const capture = { remote: { name: "platform" }, path: "apps/shop", branch: "main", prune: { confirmAbove: 100 } };
  cluster.put(own("Capture", "all", { ...capture, batching: { quietPeriod: "0s" } }));

  const start = async (): Promise<Controller> => {
    const quiet = (): void => undefined;
    const controller = new Controller({
      cluster,
      repositories: side.repositories,
      messengers: createFakeMessengers(),
      namespace: "clickscribe",
      attribution,
      clock: side.clock,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      meter: createMetrics(),
      clusterName: "dev",
      defaultServiceAccount: undefined,
      sourcePollMs: 5_000,
      recheckMs: 30_000,
      register: () => Promise.resolve(),
      webhook: () => ({ enabled: true, reached: true, cause: "" }),
    });
    await controller.start();
    return controller;
  };
  let controller = await start();

  const put = (name: string, unseen: boolean): void => {
    const value = `${++story.count}`;
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop" }, data: { value } };
    const { text } = toManifest(object);
    story.givenBy.set(text, unseen ? "unknown" : person);
    story.lived.set(path(name), (story.lived.get(path(name)) ?? new Set()).add(text));
    story.there.add(name);
    if (unseen) cluster.putUnseen(object);
    else cluster.put(object);
  };

  const remove = (name: string): void => {
    if (!story.there.delete(name)) return;
    cluster.delete("ConfigMap", "shop", name);
  };

  const actions: readonly (readonly [weight: number, name: string, act: () => Promise<void> | void])[] = [
    [30, "edit", () => put(random.pick(names), false)],
    [5, "burst", () => names.forEach((name) => put(name, false))],
    [6, "delete", () => remove(random.pick(names))],
    [10, "another user", () => void (person = random.pick(users))],
    [30, "time", () => side.pass(random.pick([100, 1_000, 6_000]))],
    [
      6,
      "restart",
      async () => {
        await controller.close(random.chance(0.5));
        if (random.chance(0.5)) put(random.pick(names), true);
        controller = await start();
      },
    ],
    [8, "person: other file", () => theirCommit(side, story, { "README.md": `${++story.count}\n` })],
    [
      6,
      "person: our file",
      () => {
        const name = random.pick(names);
        const there = story.lived.get(path(name));
        // Now and then they write what the object is, or was.
        const text = there !== undefined && random.chance(0.3) ? random.pick([...there]) : manifestOf(name);
        return theirCommit(side, story, { [path(name)]: text });
      },
    ],
    [3, "person: removes our file", () => theirCommit(side, story, { [path(random.pick(names))]: null })],
    [4, "person: forces an older state", () => theirForce(side, story, random)],
    [3, "person: rebases", () => theirRebase(side, story, random)],
    [2, "person: merges", () => theirMerge(side, story)],
    [1, "person: deletes the branch", () => theirDeletion(side, story)],
    [6, "fault: answer lost", () => side.loseAnswer()],
    [6, "fault: next request fails", () => side.failNext()],
    [3, "fault: down", () => side.down(random.chance(0.5))],
    [3, "fault: branch refused", () => (random.chance(0.5) ? side.refuse(mainRef) : side.clear())],
    [2, "server: atomic or not", () => side.setAtomic(random.chance(0.5))],
  ];
  const total = actions.reduce((sum, [weight]) => sum + weight, 0);

  for (let step = 1; step <= steps; step++) {
    let left = random.below(total);
    const [, name, act] = actions.find(([weight]) => (left -= weight) < 0) ?? assert.fail();
    told.push(`${step} ${name}`);
    await act();
    if (step % every !== 0) continue;
    await side.clear();
    await side.settle();
    try {
      await check(side, cluster, story);
    } catch (error) {
      await controller.close(false);
      throw new Error(`after ${told.slice(-every).join("; ")}`, { cause: error });
    }
  }
  await controller.close(true);
  assert.deepEqual(await side.complaints(), []);
}

/** A manifest that no object of the cluster ever had. */
function manifestOf(name: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: shop\ndata:\n  value: by hand\n`;
}

async function theirCommit(side: Side, story: Story, files: Readonly<Record<string, string | null>>): Promise<void> {
  const tip = await side.tip(mainRef);
  if (tip === undefined) return;
  const there = await side.files(mainRef);
  for (const name of names) if (path(name) in files) story.loose.add(name);
  const kept = Object.entries(files).filter(([at, content]) => content !== null || there.has(at));
  if (kept.length > 0) story.theirs.push(await side.commit(mainRef, Object.fromEntries(kept)));
}

async function theirMerge(side: Side, story: Story): Promise<void> {
  const tip = await side.tip(mainRef);
  if (tip === undefined) return;
  const other = await side.commit("refs/heads/topic", { "topic.md": `${++story.count}\n` });
  story.theirs.push(other, await side.merge(mainRef, other));
}

/** What they throw away is theirs no more; what they keep stays. */
async function theirForce(side: Side, story: Story, random: Random): Promise<void> {
  const tip = await side.tip(mainRef);
  if (tip === undefined) return;
  const line = [...(await side.reachable(tip)).keys()];
  const to = random.pick(line);
  await side.force(mainRef, to);
  for (const name of names) story.loose.add(name);
  const kept = await side.reachable(to);
  story.theirs = story.theirs.filter((id) => kept.has(id));
}

/** What the branch said it says on, in one commit of theirs on top of an older one: the operator's commits go with the rest. */
async function theirRebase(side: Side, story: Story, random: Random): Promise<void> {
  if ((await side.tip(mainRef)) === undefined) return;
  const before = await side.files(mainRef);
  await theirForce(side, story, random);
  const onto = await side.files(mainRef);
  const changed = [...new Set([...before.keys(), ...onto.keys()])].filter((at) => before.get(at) !== onto.get(at));
  if (changed.length === 0) return;
  story.theirs.push(await side.commit(mainRef, Object.fromEntries(changed.map((at) => [at, before.get(at) ?? null]))));
}

async function theirDeletion(side: Side, story: Story): Promise<void> {
  if ((await side.tip(mainRef)) === undefined) return;
  await side.force(mainRef, undefined);
  story.theirs = [];
  story.loose.clear();
}

async function check(side: Side, cluster: FakeCluster, story: Story): Promise<void> {
  const status = [...cluster.statuses].find(([key]) => key.includes("Capture"))?.[1] as
    | {
        readonly objects?: { readonly inScope?: number; readonly inSync?: number };
        readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
      }
    | undefined;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  assert.ok(["Succeeded", "Diverged", "UnsupportedLayout"].includes(ready?.reason ?? ""), JSON.stringify(ready));

  const live = new Map<string, string>();
  for await (const { identity, object } of cluster.list({
    kind: {
      group: "",
      version: "v1",
      kind: "ConfigMap",
      resource: "configmaps",
      namespaced: true,
      verbs: [],
      subresources: [],
    },
    namespace: "shop",
  })) {
    live.set(identity.name, toManifest(object).text);
  }
  // The record holds every final state, and nothing else.
  const record = await side.files(recordRef);
  const recorded = [...record].filter(([at]) => at.startsWith("live/")).map(([, text]) => text);
  assert.deepEqual(recorded.toSorted(), [...live.values()].toSorted(), "the record holds what is live");

  const tip = await side.tip(mainRef);
  const commits = tip === undefined ? new Map<CommitId, ModelCommit>() : await side.reachable(tip);
  for (const id of story.theirs) assert.ok(commits.has(id), `a person's commit ${id} is not on the branch any more`);

  // What the branch says otherwise than the cluster, the status tells.
  const branch = tip === undefined ? new Map<string, string>() : await side.files(mainRef);
  const apart = [...live].filter(([name, text]) => branch.get(path(name)) !== text).map(([name]) => name);
  const { inSync = 0, inScope = 0 } = status?.objects ?? {};
  assert.equal(inScope, live.size);
  const bound = apart.filter((name) => !story.loose.has(name));
  assert.deepEqual(bound, [], `no person touched their files; ${JSON.stringify([ready, status?.objects])}`);
  for (const name of names) if (!apart.includes(name) && live.has(name)) story.loose.delete(name);
  assert.ok(
    apart.length <= inScope - inSync,
    `${apart.join(", ")} apart, and the status tells ${JSON.stringify(status?.objects)}`,
  );

  for (const commit of commits.values()) checkCommit(commit, story);
  await checkMoves(side);
}

function checkCommit({ id, author, committer, changes }: ModelCommit, story: Story): void {
  if (committer !== "clickscribe") return;
  assert.notEqual(changes.length, 0, `${id} changes nothing`);
  for (const { path: at, before, after } of changes) {
    assert.ok(at.startsWith("apps/shop/"), `${id} changes ${at}`);
    const lived = story.lived.get(at) ?? new Set();
    if (before !== undefined) assert.ok(lived.has(before), `${id} overwrote what a person put into ${at}:\n${before}`);
    if (after === undefined) continue;
    assert.ok(lived.has(after), `${id} says of ${at} what never was:\n${after}`);
    const giver = story.givenBy.get(after);
    assert.ok([giver, "unknown", "clickscribe"].includes(author), `${id} says ${author} gave ${at} what ${giver} gave`);
  }
}

/** Nothing was ever forced, and the record only grows. */
async function checkMoves(side: Side): Promise<void> {
  for (const { ref, from, to } of await side.moves()) {
    if (from === undefined) continue;
    assert.ok((await side.reachable(to)).has(from), `${ref} was forced from ${from} to ${to}`);
  }
}
