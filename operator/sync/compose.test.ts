import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { edit, type HomeNow } from "../layout/edit.ts";
import { identityKey } from "../manifest/identity.ts";
import { toManifest } from "../manifest/to-manifest.ts";
import { recordFolder } from "../record/record-path.ts";
import type { Author, BlobId, FileChange, Identity, Manifest, Recorded, SourceFile, WindowEntry } from "../values.ts";
import { type CommitStep, type ComposeInput, type Composition, compose, type Settlement } from "./compose.ts";
import { append, emptyWindow } from "./window.ts";

const identityOf = (name: string): Identity => ({ group: "", kind: "ConfigMap", namespace: "shop", name });
const manifestOf = (name: string, state: string): Manifest =>
  toManifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop" }, data: { state } });
const fileOf = (name: string): string => `apps/configmap-${name}.yaml`;
const person = (name: string): Author => ({
  rung: "Admission",
  person: name,
  groups: [],
  tool: undefined,
  evidence: "",
});
const [alice, bob] = [person("alice"), person("bob")];

const deliver = (name: string, whose: "Own" | "Foreign" = "Own"): Settlement => ({
  to: "Deliver",
  edit: (manifest, text) =>
    whose === "Foreign"
      ? { verdict: "Refused", reason: "PathOccupied", detail: "" }
      : edit({ identity: identityOf(name), home: homeOf(name), manifest, merge: undefined, namespace: "shop", text }),
});
const homeOf = (name: string): HomeNow => ({ stands: true, path: fileOf(name), alone: true, whole: true });

const change = (name: string, author: Author, state: string | undefined, at = 1): WindowEntry => ({
  identity: identityOf(name),
  manifest: state === undefined ? undefined : manifestOf(name, state),
  author,
  at,
});

/** Of objects that are in step with a file of Clickscribe's. */
const inStep = (name: string, state: string): Recorded => {
  const { blob } = manifestOf(name, state);
  return { live: blob, base: blob, source: [{ path: fileOf(name), blob }] };
};

function inputOf(
  settlements: Readonly<Record<string, Settlement>>,
  recorded: Readonly<Record<string, Recorded>>,
  rest: Partial<ComposeInput>,
): ComposeInput {
  const byKey = Object.entries(settlements).map(
    ([name, settlement]) => [identityKey(identityOf(name)), { identity: identityOf(name), settlement }] as const,
  );
  return {
    mode: "Deliver",
    fresh: [],
    undelivered: [],
    settlements: new Map(byKey),
    recorded: ({ name }) => recorded[name],
    carried: new Map(),
    rebased: new Map(),
    discard: [],
    kept: new Map(),
    text: () => undefined,
    now: 1_000,
    ...rest,
  };
}

const nameOf = (author: Author): string => ("person" in author ? author.person : author.rung);
const shown = (steps: readonly CommitStep[]): readonly string[] =>
  steps.map(
    ({ author, kind, objects }) =>
      `${nameOf(author)} ${kind}: ${objects.map(({ identity }) => identity.name).join(" ")}`,
  );

describe("compose", () => {
  it("writes a change once to the source branch and once to the record, live, base and source together", () => {
    const { source, record, settled } = compose(
      inputOf({ a: deliver("a") }, { a: inStep("a", "1") }, { fresh: [change("a", alice, "2")] }),
    );
    const { blob, text } = manifestOf("a", "2");
    assert.deepEqual(shown(source), ["alice Change: a"]);
    assert.deepEqual(source[0]?.files, [{ path: fileOf("a"), content: text }]);
    assert.deepEqual(shown(record), ["alice Change: a"]);
    assert.deepEqual(
      record[0]?.files.map(({ path }) => path.split("/")[0]),
      ["live", "base", "source"],
    );
    assert.deepEqual(record[0]?.objects[0]?.before, inStep("a", "1").live);
    assert.ok(record[0]?.files.every(({ content }) => content === text || (content as { blob: string }).blob === blob));
    assert.deepEqual([...settled], [identityKey(identityOf("a"))]);
  });

  it("moves live alone while the branch takes nothing", () => {
    const { source, record, settled, agreed } = compose(
      inputOf({ a: deliver("a") }, { a: inStep("a", "1") }, { mode: "RecordOnly", fresh: [change("a", alice, "2")] }),
    );
    assert.deepEqual([source, settled.size, agreed.size], [[], 0, 0]);
    assert.deepEqual(
      record.flatMap(({ files }) => files.map(({ path }) => path)),
      [`${recordFolder("live", identityOf("a"))}.yaml`],
    );
  });

  it("delivers what was left over in its order, by its authors, and then says so in one commit", () => {
    const left = { ...inStep("a", "1"), live: manifestOf("a", "3").blob };
    const { source, record } = compose(
      inputOf(
        { a: deliver("a"), b: deliver("b") },
        { a: left },
        {
          undelivered: [change("a", alice, "2"), change("a", bob, "3")],
          fresh: [change("b", alice, "1")],
        },
      ),
    );
    assert.deepEqual(shown(source), ["alice Change: a b", "bob Change: a"]);
    assert.deepEqual(shown(record), ["alice Change: b", "Operator Delivery: a b"]);
  });

  it("writes nothing to the branch for an object that is back where it was", () => {
    const left = { ...inStep("a", "1"), live: manifestOf("a", "2").blob };
    const { source, record, settled } = compose(
      inputOf(
        { a: { to: "InSync" } },
        { a: left },
        { undelivered: [change("a", alice, "2")], fresh: [change("a", bob, "1")] },
      ),
    );
    assert.deepEqual([source, shown(record), settled.size], [[], ["bob Change: a"], 1]);
  });

  it("removes the file and the entry of an object that is gone", () => {
    const { source, record, removed } = compose(
      inputOf({ a: deliver("a") }, { a: inStep("a", "1") }, { fresh: [change("a", alice, undefined)] }),
    );
    assert.deepEqual(source[0]?.files, [{ path: fileOf("a"), content: null }]);
    assert.ok(record[0]?.files.length === 3 && record[0].files.every(({ content }) => content === null));
    assert.deepEqual([...removed], [identityKey(identityOf("a"))]);
  });

  it("does not touch the branch for what came and went between two pushes", () => {
    const { source } = compose(
      inputOf({ a: deliver("a") }, {}, { fresh: [change("a", alice, "1"), change("a", bob, undefined)] }),
    );
    assert.deepEqual(
      source.flatMap(({ files }) => files).map(({ content }) => content === null),
      [false, true],
    );
  });

  it("begins with the first state that the file does not have", () => {
    const fresh = [change("a", bob, "1"), change("a", alice, "2")];
    const { source } = compose(inputOf({ a: deliver("a") }, { a: inStep("a", "1") }, { fresh }));
    assert.deepEqual(shown(source), ["alice Change: a"]);
  });

  it("makes no commit where nothing is to be said", () => {
    const { source, record } = compose(inputOf({ a: { to: "InSync" } }, { a: inStep("a", "1") }, {}));
    assert.deepEqual([source, record], [[], []]);
  });
});

describe("compose, for any changes and decisions", () => {
  interface Scene {
    readonly input: ComposeInput;
    readonly files: ReadonlyMap<string, BlobId>;
  }

  const names = ["a", "b", "c"];
  const authors = fc.constantFrom(alice, bob, { rung: "None", candidates: [], evidence: "" } as Author);
  const state = fc.constantFrom("1", "2", "3", undefined);
  const entries = fc.array(fc.tuple(fc.constantFrom(...names), authors, state), { maxLength: 6 });

  const scene: fc.Arbitrary<Scene> = fc
    .record({
      mode: fc.constantFrom("Deliver" as const, "RecordOnly" as const),
      bases: fc.tuple(state, state, state),
      carried: fc.subarray(names),
      undelivered: entries,
      fresh: entries,
      choice: fc.tuple(...names.map(() => fc.constantFrom("Deliver", "Deliver", "Refused", "Leave", "Adopt"))),
      discard: fc.boolean(),
    })
    .map(({ mode, bases, carried, undelivered, fresh, choice, discard }) => {
      const left = windowOf(undelivered);
      const now = windowOf(fresh);
      const recorded: Record<string, Recorded> = {};
      const settlements: Record<string, Settlement> = {};
      const agreedBy = new Map<string, Pick<Recorded, "base" | "source">>();
      const files = new Map<string, BlobId>();
      for (const [i, name] of names.entries()) {
        const base = bases[i] === undefined ? undefined : manifestOf(name, bases[i]).blob;
        const source: readonly SourceFile[] = base === undefined ? [] : [{ path: fileOf(name), blob: base }];
        if (base !== undefined) files.set(fileOf(name), base);
        const lastLeft = left.findLast(({ identity }) => identity.name === name);
        const live = lastLeft === undefined ? base : lastLeft.manifest?.blob;
        const isCarried = carried.includes(name);
        if (live !== undefined || (base !== undefined && !isCarried))
          recorded[name] = isCarried ? { live, base: undefined, source: [] } : { live, base, source };
        if (isCarried) agreedBy.set(identityKey(identityOf(name)), { base, source });
        const last = now.findLast(({ identity }) => identity.name === name) ?? lastLeft;
        const latest = last === undefined ? live : last.manifest?.blob;
        const pick = choice[i];
        if (latest === base)
          settlements[name] = latest === undefined && live === undefined ? { to: "Forget" } : { to: "InSync" };
        else if (pick === "Adopt" && latest !== undefined) {
          files.set(fileOf(name), `styled ${latest}`);
          settlements[name] = { to: "Adopt", source: [{ path: fileOf(name), blob: `styled ${latest}` }] };
        } else if (pick === "Leave") settlements[name] = { to: "Leave" };
        else settlements[name] = deliver(name, pick === "Refused" ? "Foreign" : "Own");
      }
      const rest = {
        mode,
        undelivered: left,
        fresh: now,
        carried: agreedBy,
        discard: discard ? [identityOf("old")] : [],
      };
      recorded["old"] = inStep("old", "1");
      return { input: inputOf(settlements, recorded, rest), files };
    });

  function windowOf(list: readonly (readonly [string, Author, string | undefined])[]): readonly WindowEntry[] {
    let window = emptyWindow();
    for (const [i, [name, author, to]] of list.entries()) window = append(window, change(name, author, to, i));
    return window.entries;
  }

  const blobOf = (content: FileChange["content"]): BlobId | undefined => {
    if (content === null) return undefined;
    if (typeof content !== "string") return content.blob;
    const name = /name: (\w+)/.exec(content)?.[1] ?? "";
    const to = /state: "(\d)"/.exec(content)?.[1] ?? "";
    return manifestOf(name, to).blob;
  };

  function apply(files: Map<string, BlobId>, steps: readonly CommitStep[]): void {
    for (const { files: changes } of steps) {
      for (const { path, content } of changes) {
        const blob = blobOf(content);
        if (blob === undefined) files.delete(path);
        else files.set(path, blob);
      }
    }
  }

  /** The record's tree before and after, as paths to blobs. */
  function recordOf({ input }: Scene): Map<string, BlobId> {
    const files = new Map<string, BlobId>();
    for (const name of [...names, "old"]) {
      const found = input.recorded(identityOf(name));
      if (found?.live !== undefined) files.set(`${recordFolder("live", identityOf(name))}.yaml`, found.live);
      if (found?.base !== undefined) files.set(`${recordFolder("base", identityOf(name))}.yaml`, found.base);
      for (const { path, blob } of found?.source ?? [])
        files.set(`${recordFolder("source", identityOf(name))}/${encodeURIComponent(path)}`, blob);
    }
    return files;
  }

  const entryOf = (files: ReadonlyMap<string, BlobId>, name: string): Recorded => {
    const folder = `${recordFolder("source", identityOf(name))}/`;
    const source = [...files].filter(([path]) => path.startsWith(folder));
    return {
      live: files.get(`${recordFolder("live", identityOf(name))}.yaml`),
      base: files.get(`${recordFolder("base", identityOf(name))}.yaml`),
      source: source.map(([path, blob]) => ({ path: decodeURIComponent(path.slice(folder.length)), blob })),
    };
  };

  const check = (
    law: (scene: Scene, made: Composition, branch: Map<string, BlobId>, record: Map<string, BlobId>) => void,
  ): void => {
    fc.assert(
      fc.property(scene, (drawn) => {
        const made = compose(drawn.input);
        const branch = new Map(drawn.files);
        apply(branch, made.source);
        const record = recordOf(drawn);
        apply(record, made.record);
        law(drawn, made, branch, record);
      }),
      { numRuns: 2000 },
    );
  };

  it("the record never says of base what the branch does not carry", () => {
    check((drawn, _, branch, record) => {
      for (const name of names) {
        const before = drawn.input.recorded(identityOf(name));
        const after = entryOf(record, name);
        if (after.base === before?.base && JSON.stringify(after.source) === JSON.stringify(before?.source ?? []))
          continue;
        for (const file of after.source) assert.equal(branch.get(file.path), file.blob);
        if (after.base === undefined)
          assert.ok(!branch.has(fileOf(name)), "an entry that went names a file that is gone");
        else assert.ok(after.source.length > 0);
      }
    });
  });

  it("live ends as the cluster has it, and every state on the way was live, under who made it", () => {
    check((drawn, made, _, record) => {
      for (const name of names) {
        const own = drawn.input.fresh.filter(({ identity }) => identity.name === name);
        const last = own.at(-1);
        if (last !== undefined) assert.equal(entryOf(record, name).live, last.manifest?.blob);
        for (const step of [...made.record, ...made.source]) {
          for (const { identity, after } of step.objects) {
            if (step.kind !== "Change" || identity.name !== name) continue;
            const known = [...drawn.input.undelivered, ...own];
            assert.ok(
              known.some(
                (entry) => entry.manifest?.blob === after?.blob && nameOf(entry.author) === nameOf(step.author),
              ),
            );
          }
        }
      }
    });
  });

  it("the record catches up with what the branch carried before", () => {
    check(({ input }, made, _, record) => {
      for (const name of names) {
        const key = identityKey(identityOf(name));
        const settlement = input.settlements.get(key)?.settlement;
        const carried = made.agreed.get(key) ?? input.carried.get(key);
        if (carried === undefined || settlement?.to === "Adopt" || settlement?.to === "Forget") continue;
        const { live, base, source } = entryOf(record, name);
        const { texts: _, ...named } = carried;
        if (live !== undefined || base !== undefined) assert.deepEqual({ base, source }, named);
      }
    });
  });

  it("settles exactly what ends in step, and the branch holds the last state of what it delivers", () => {
    check((drawn, made, branch, record) => {
      for (const name of names) {
        const key = identityKey(identityOf(name));
        const after = entryOf(record, name);
        if (made.settled.has(key)) assert.equal(after.base, after.live);
        const agreed = made.agreed.get(key);
        if (agreed === undefined) continue;
        assert.equal(branch.get(fileOf(name)), agreed.base);
        assert.ok(drawn.input.mode === "Deliver");
        if (made.removed.has(key)) assert.equal(agreed.base, undefined);
      }
    });
  });

  it("nothing is written to the branch in record-only mode, nor for what is left, adopted or refused", () => {
    check(({ input }, made) => {
      const written = new Set(made.source.flatMap(({ files }) => files.map(({ path }) => path)));
      if (input.mode === "RecordOnly") assert.equal(written.size, 0);
      for (const { identity, settlement } of input.settlements.values()) {
        const refused =
          settlement.to === "Deliver" && settlement.edit(undefined, () => undefined).verdict === "Refused";
        if (settlement.to !== "Deliver" || refused) assert.ok(!written.has(fileOf(identity.name)));
      }
    });
  });

  it("what another cluster left is taken out first, and no step is empty", () => {
    check(({ input }, made, _, record) => {
      const old = entryOf(record, "old");
      if (input.discard.length > 0) assert.deepEqual(old, { live: undefined, base: undefined, source: [] });
      else assert.ok(old.live !== undefined);
      for (const step of [...made.source, ...made.record]) assert.ok(step.files.length > 0 && step.objects.length > 0);
    });
  });
});
