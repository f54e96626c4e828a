/** The operator is killed at any moment: nothing is lost, nothing comes twice, and nobody is named for what another did. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import type { Push } from "../git/faults.ts";
import type { LogEntry } from "../git/test-repository.ts";
import { createRandom, type Random } from "../harness/random.ts";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const seed = Number(process.env["CLICKSCRIBE_SEED"] ?? 20_260_101);
const people = ["alice", "bob", "carol"] as const;
const names = Array.from({ length: 12 }, (_, i) => `app-${i}`);

/** What somebody did to an object; `value` undefined: deleted it. */
interface Deed {
  readonly user: string;
  readonly name: string;
  readonly value: string | undefined;
}

/** Does seeded edits, each with a value of its own, and remembers who did which. */
class Editors {
  readonly journal: Deed[] = [];
  readonly #live = new Map<string, string>();
  readonly #place: Place;
  readonly #random: Random;

  constructor(place: Place, random: Random) {
    this.#place = place;
    this.#random = random;
  }

  async edit(count: number, spacingMs: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#edit();
      await sleep(this.#random.below(2 * spacingMs));
    }
  }

  async #edit(): Promise<void> {
    const { namespace } = this.#place;
    const user = this.#random.pick(people);
    const name = this.#random.pick(names);
    const there = this.#live.has(name);
    const value = there && this.#random.below(6) === 0 ? undefined : `value-${this.journal.length}`;
    this.journal.push({ user, name, value });
    const path = pathOf(namespace, "ConfigMap", name);
    if (value === undefined) {
      await this.#place.send(user, "DELETE", path);
      this.#live.delete(name);
      return;
    }
    if (there) await this.#place.send(user, "PATCH", path, { data: { value } });
    else await this.#place.create(user, configMap(name, { value }));
    this.#live.set(name, value);
  }

  /** By name. */
  async live(): Promise<ReadonlyMap<string, string>> {
    const { items } = await this.#place.send("admin", "GET", pathOf(this.#place.namespace, "ConfigMap"));
    const own = (items as Raw[]).filter(({ metadata }) => names.includes(metadata.name));
    return new Map(own.map(({ metadata, data }) => [metadata.name, data.value]));
  }
}

describe("an operator that is killed", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  for (const atomic of [false, true]) {
    const moments = atomic ? 6 : 14;
    it(`at ${moments} moments, the server ${atomic ? "with" : "without"} atomic pushes (seed ${seed})`, async (t) => {
      const random = createRandom(seed + Number(atomic));
      const repository = { config: { "receive.advertiseAtomic": String(atomic) } };
      const place = await world.place(atomic ? "atomic" : "stepwise", { repository });
      const editors = new Editors(place, random);
      const tips = watchTips(world, place.repository.name);
      for (let moment = 0; moment < moments; moment++) {
        const starting = moment === 0 ? undefined : world.startOperator();
        await Promise.all([starting, editors.edit(3, 100)]);
        await killAt(moment, world, place, editors, random);
      }
      await world.startOperator();
      await settle(place, editors);

      assert.deepEqual(await place.repository.fsck(), []);
      await assertNothingTwice(place.repository);
      const known = [
        await assertAuthors(place, "main", editors.journal),
        await assertAuthors(place, place.recordRef, editors.journal),
      ];
      await assertOnlyGrew(place, tips);
      t.diagnostic(
        `${editors.journal.length} edits; commits with an author / all, branch and record: ${known.join(", ")}`,
      );
    });
  }
});

/** Where it is killed: anywhere; between record and source branch; after a push was performed and before its answer. */
async function killAt(moment: number, world: World, place: Place, editors: Editors, random: Random): Promise<void> {
  const moves =
    (ref: string) =>
    (push: Push): boolean =>
      push.repository === place.repository.name && push.refs.some((update) => update.ref === ref);
  const way = ["anywhere", "source received", "anywhere", "source performed", "anywhere", "record performed"][
    moment % 6
  ];
  if (way === "anywhere") {
    await Promise.all([editors.edit(7, 60), sleep(random.below(1_200)).then(() => world.kill())]);
    return;
  }
  const hold = place.repository.hold(
    moves(way === "record performed" ? place.recordRef : "refs/heads/main"),
    way === "source received" ? "received" : "performed",
  );
  await Promise.all([editors.edit(7, 60), hold.arrived.then(() => world.kill())]);
  if (way === "source received" && random.below(2) === 0) hold.drop();
  else hold.release();
  await hold.finished;
}

/** Until Git has what the cluster has. */
async function settle(place: Place, editors: Editors): Promise<void> {
  await place.waitForReason("Succeeded");
  const wanted = Object.fromEntries(await editors.live());
  let found: Readonly<Record<string, string>> = {};
  await waitFor(
    "Git to hold what is live",
    async () => {
      found = await stored(place);
      assert.deepEqual(found, wanted);
      return true;
    },
    { timeoutMs: 20_000 },
  );
  const inSync = await waitFor("the status to settle", async () => {
    const { status } = await place.capture();
    return status.objects.inScope === status.objects.inSync && status.objects.pending === 0 ? status : undefined;
  });
  assert.equal(inSync.objects.inScope, Object.keys(wanted).length);
}

async function stored(place: Place): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of await place.repository.files("main", "apps")) {
    const { metadata, data } = parse((await place.repository.show("main", file)) ?? "");
    found[metadata.name] = data.value;
  }
  return found;
}

/** No commit names somebody for what another did. Answers `with an author / all`. */
async function assertAuthors(place: Place, ref: string, journal: readonly Deed[]): Promise<string> {
  const commits = (await place.repository.log(ref)).filter(({ committer }) => committer.name === "clickscribe");
  const known = commits.filter(({ author }) => people.some((person) => person === author.name));
  for (const commit of commits) {
    const allowed = ["unknown", "clickscribe"];
    if (allowed.includes(commit.author.name)) continue;
    for (const file of commit.files) await assertDeed(place, commit, file, journal);
  }
  // Most of what happens while an operator starts is nobody's, and it starts all the time; not everything is.
  assert.ok(known.length >= 3, `only ${known.length} of ${commits.length} commits on ${ref} have an author`);
  return `${known.length}/${commits.length}`;
}

async function assertDeed(place: Place, commit: LogEntry, file: string, journal: readonly Deed[]): Promise<void> {
  const name = names.find((one) => new RegExp(`\\b${one}(?:\\.yaml)?$`).test(file));
  // `base` and `source` follow whenever the source branch took the change.
  if (name === undefined || /^(?:base|source|meta)\//.test(file)) return;
  const value = async (at: string): Promise<string | undefined> => {
    const text = await place.repository.show(at, file);
    return text === undefined ? undefined : parse(text).data.value;
  };
  const now = await value(commit.oid);
  if (now !== undefined) {
    const deed = journal.find((one) => one.value === now);
    assert.equal(deed?.user, commit.author.name, `${commit.oid} ${commit.subject}: ${now}`);
    return;
  }
  const before = await value(commit.parents[0] ?? "");
  const since = journal.findIndex((one) => one.value === before);
  const next = journal.slice(since + 1).find((one) => one.name === name && one.value === undefined);
  assert.equal(next?.user, commit.author.name, `${commit.oid} ${commit.subject}`);
}

function watchTips(world: World, repository: string): Map<string, Set<string>> {
  const tips = new Map<string, Set<string>>();
  world.git.onPostReceive((event) => {
    if (event.repository !== repository) return;
    for (const { ref, new: to } of event.refs) {
      const known = tips.get(ref) ?? new Set();
      tips.set(ref, known.add(to));
    }
  });
  return tips;
}

/** Every tip that was ever there is in the history that is there now. */
async function assertOnlyGrew(place: Place, tips: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
  assert.deepEqual([...tips.keys()].toSorted(), [place.recordRef, "refs/heads/main"]);
  for (const [ref, seen] of tips) {
    const history = new Set((await place.repository.git("rev-list", ref)).split("\n"));
    for (const tip of seen) assert.ok(history.has(tip), `${tip} is gone from ${ref}`);
  }
}
