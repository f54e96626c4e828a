import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { json, jsonObject, object } from "../../test/fixtures/json.ts";
import { blobId } from "../manifest/blob-id.ts";
import { clean } from "../manifest/clean.ts";
import { parseJson } from "../manifest/parse-json.ts";
import { serialize } from "../manifest/serialize.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import { toManifest } from "../manifest/to-manifest.ts";
import type { Decision, Json, JsonObject, Manifest, Recorded } from "../values.ts";
import { contains, equalJson } from "./contains.ts";
import { type Before, type DecideInput, decide, type FileNow, needsBefore } from "./decide.ts";

const contentOf = (value: string): JsonObject => ({ kind: "ConfigMap", data: { a: value } });

function manifest(value: string): Manifest {
  const text = serialize(contentOf(value));
  const identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "a" };
  return { identity, apiVersion: "v1", content: contentOf(value), text, blob: blobId(text) };
}

/** A file as Clickscribe writes it. */
const canonical = (value: string, path = "a.yaml"): FileNow => ({
  source: { path, blob: manifest(value).blob },
  content: contentOf(value),
});
/** A file in a person's style. */
const styled = (value: string, path = "a.yaml"): FileNow => ({
  source: { path, blob: blobId(`# ${value}`) },
  content: contentOf(value),
});
/** A file that was not read, because its blob is the one that the record knows. */
const unread = (value: string): FileNow => ({ ...canonical(value), content: undefined });

const inStep = (value: string, file: FileNow = canonical(value)): Recorded => ({
  live: manifest(value).blob,
  base: manifest(value).blob,
  source: [file.source],
});
const withoutBase = (value: string): Recorded => ({ live: manifest(value).blob, base: undefined, source: [] });

const words = (decision: Decision): string => {
  if (decision.action === "None") return `${decision.state}${decision.detail === "" ? "" : `: ${decision.detail}`}`;
  if (decision.action === "Forget") return "Forget";
  const { action, open } = decision;
  const done = action === "Settle" ? "Adopt" : "Deliver";
  if (open === undefined) return done;
  return `${action === "Deliver" ? "Deliver, " : ""}${open.state}: ${open.detail}`;
};

/** Both sides had `value` when they were in step. */
const wasIn = (value: string): Before => ({ base: contentOf(value), then: contentOf(value) });
const rest = { schema: undefined, onConflict: "Hold", written: clean } as const;
const firstContact = { recorded: undefined, before: undefined };
const judge = (input: Partial<DecideInput>): string =>
  words(decide({ live: undefined, recorded: undefined, file: undefined, before: wasIn("1"), ...rest, ...input }));

type Row = readonly [
  what: string,
  live: Manifest | undefined,
  recorded: Recorded | undefined,
  file: FileNow | undefined,
  expected: string,
  byConsumer: string,
];

const same = manifest("1");
const changed = manifest("2");
const gitRemoved = "GitAhead: the file was removed in Git";
const gitChanged = "GitAhead: the file changed in Git";
const consumer = "Applying: a consumer of this path made the change";

/** Of docs/architecture.md, every combination of what each side did since base; last, when a consumer made the change. */
const rows: readonly Row[] = [
  ["same, same", same, inStep("1"), unread("1"), "InSync", "InSync"],
  [
    "same, same in a person's style",
    same,
    inStep("1", styled("1")),
    { ...styled("1"), content: undefined },
    "InSync",
    "InSync",
  ],
  ["same, restyled", same, inStep("1"), styled("1"), "Adopt", "Adopt"],
  ["same, moved", same, inStep("1"), canonical("1", "b.yaml"), "Adopt", "Adopt"],
  ["same, changed", same, inStep("1"), styled("2"), gitChanged, gitChanged],
  ["same, changed and moved", same, inStep("1"), canonical("2", "b.yaml"), gitChanged, gitChanged],
  ["same, removed", same, inStep("1"), undefined, gitRemoved, gitRemoved],
  ["changed, same", changed, inStep("1"), unread("1"), "Deliver", consumer],
  ["changed, changed alike", changed, inStep("1"), canonical("2"), "Adopt", "Adopt"],
  ["changed, changed alike in another style", changed, inStep("1"), styled("2"), "Adopt", "Adopt"],
  ["changed, changed otherwise", changed, inStep("1"), styled("3"), "Diverged: BothChanged", consumer],
  ["changed, removed", changed, inStep("1"), undefined, "Diverged: FileRemoved", consumer],
  ["gone, same", undefined, inStep("1"), unread("1"), "Deliver", "Deliver"],
  ["gone, changed", undefined, inStep("1"), styled("2"), "Diverged: BothChanged", "Diverged: BothChanged"],
  ["gone, removed", undefined, inStep("1"), undefined, "Forget", "Forget"],

  ["first contact: new", same, undefined, undefined, "Deliver", consumer],
  ["first contact: in the record, not delivered", same, withoutBase("1"), undefined, "Deliver", consumer],
  [
    "first contact: only a file",
    undefined,
    undefined,
    styled("1"),
    "GitAhead: the file was there before the object",
    "GitAhead: the file was there before the object",
  ],
  ["first contact: nothing", undefined, undefined, undefined, "InSync", "InSync"],
  ["first contact: gone before it was delivered", undefined, withoutBase("1"), undefined, "Forget", "Forget"],
  ["first contact: gone, and a file that is not ours", undefined, withoutBase("1"), styled("1"), "Forget", "Forget"],
  ["first contact: the very file", same, undefined, canonical("1"), "Adopt", "Adopt"],
  ["first contact: the very file, unread", same, undefined, unread("1"), "Adopt", "Adopt"],
  ["first contact: a file that agrees", same, undefined, styled("1"), "Adopt", "Adopt"],
  [
    "first contact: a file that contradicts",
    same,
    undefined,
    styled("2"),
    "Diverged: FirstContact",
    "Diverged: FirstContact",
  ],
];

describe("decide", () => {
  for (const [what, live, recorded, file, expected, byConsumer] of rows) {
    it(`${what}: ${expected}`, () => {
      assert.equal(judge({ live, recorded, file }), expected);
      // What a consumer changed is compared with the file, so the file was read.
      const read = live && file && { ...file, content: file.content ?? contentOf("1") };
      assert.equal(judge({ live, recorded, file: read ?? file, ...(live && { applied: live.content }) }), byConsumer);
    });
  }

  it("adopts the file as it is now", () => {
    const file = styled("1", "b.yaml");
    const decision = decide({ live: same, recorded: inStep("1"), file, before: wasIn("1"), ...rest });
    assert.ok(decision.action === "Settle");
    assert.deepEqual(decision.source, [file.source]);
    assert.deepEqual([decision.base, decision.then], [undefined, undefined]);
  });

  it("lets a file say less than the object at first contact, and not since", () => {
    const file: FileNow = { source: { path: "a.yaml", blob: blobId("x") }, content: { kind: "ConfigMap" } };
    assert.equal(judge({ live: same, file }), "Adopt");
    assert.equal(judge({ live: changed, recorded: inStep("1"), file }), "Diverged: BothChanged");
  });

  it("keeps variables that explain the live values where a file is overwritten at first contact", () => {
    const [live, content] = [{ data: { a: "x-3", b: "2" } }, { data: { a: "x-${N}", b: "1" } }];
    const file: FileNow = { source: { path: "a.yaml", blob: blobId("x") }, content };
    const decision = decide({ ...rest, ...firstContact, live: toManifest(live), file, onDifference: "ClusterWins" });
    assert.ok(decision.action === "Deliver" && decision.merge !== undefined);
    const { content: merged, conflicts } = decision.merge(toManifest(live));
    assert.deepEqual([merged, conflicts], [{ data: { a: "x-${N}", b: "2" } }, []]);
  });

  it("takes an empty value of a ConfigMap for a value at first contact", () => {
    const of = (data: JsonObject): JsonObject => ({ apiVersion: "v1", kind: "ConfigMap", data });
    const file: FileNow = { source: { path: "a.yaml", blob: blobId("x") }, content: of({ a: "1", b: "" }) };
    assert.equal(judge({ live: toManifest(of({ a: "1" })), file }), "Diverged: FirstContact");
  });

  it("leaves to onConflict what both sides changed", () => {
    const both = { live: changed, recorded: inStep("1"), file: styled("3") };
    assert.equal(judge({ ...both, onConflict: "ClusterWins" }), "Deliver");
    assert.equal(judge({ ...both, onConflict: "GitWins" }), gitChanged);
    const removed = { live: changed, recorded: inStep("1") };
    assert.equal(judge({ ...removed, onConflict: "ClusterWins" }), "Deliver");
    assert.equal(judge({ ...removed, onConflict: "GitWins" }), gitRemoved);
    const gone = { recorded: inStep("1"), file: styled("2") };
    assert.equal(judge({ ...gone, onConflict: "ClusterWins" }), "Deliver");
    assert.equal(judge({ ...gone, onConflict: "GitWins" }), "Forget");
  });

  const deployment = (spec: string): string =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":${spec}}`;
  const widget = (spec: string): string =>
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"web"},"spec":${spec}}`;
  const written: readonly (readonly [file: string, live: string, expected: string])[] = [
    [deployment('{"replicas":3}'), deployment('{"replicas":3,"paused":true}'), "Adopt"],
    [
      deployment('{"replicas":3}').replace("}}", ',"strategy":{}},"status":{}}'),
      deployment('{"replicas":3,"strategy":{"type":"X"}}'),
      "Adopt",
    ],
    [
      deployment("{}").replace('"web"', '"web","creationTimestamp":null,"uid":"u","resourceVersion":"1"'),
      deployment("{}"),
      "Adopt",
    ],
    [
      deployment('{"paused":false,"list":[],"text":"","zero":0,"none":null,"map":{"inner":{}}}'),
      deployment("{}"),
      "Adopt",
    ],
    [deployment('{"paused":true}'), deployment("{}"), "Diverged: FirstContact"],
    [deployment('{"map":{"inner":"x"}}'), deployment("{}"), "Diverged: FirstContact"],
    [deployment('{"replicas":0}'), deployment('{"replicas":1}'), "Diverged: FirstContact"],
    [
      deployment('{"limits":{"cpu":1,"memory":"1024Mi"}}'),
      deployment('{"limits":{"cpu":"1","memory":"1Gi"}}'),
      "Adopt",
    ],
    [deployment('{"limits":{"cpu":"2"}}'), deployment('{"limits":{"cpu":"1"}}'), "Diverged: FirstContact"],
    [deployment('{"text":"1000m"}'), deployment('{"text":"1"}'), "Diverged: FirstContact"],
    [widget('{"paused":false}'), widget("{}"), "Diverged: FirstContact"],
    [widget('{"limits":{"cpu":1}}'), widget('{"limits":{"cpu":"1"}}'), "Diverged: FirstContact"],
    [widget('{"a":1}'), widget('{"a":1,"b":2}'), "Adopt"],
  ];
  for (const [text, stored, expected] of written) {
    it(`first contact: ${text} where live is ${stored}: ${expected}`, () => {
      const source = { path: "a.yaml", blob: blobId("x") };
      const file: FileNow = { source, content: parseJson(text) as JsonObject };
      assert.equal(judge({ live: toManifest(parseJson(stored) as JsonObject), file }), expected);
    });
  }

  it("takes a file for equal that a person copied from the cluster, with all that the API server added", () => {
    const live = parseJson(
      deployment('{"replicas":3}').replace('"web"', '"web","uid":"u","generation":4'),
    ) as JsonObject;
    const file: FileNow = { source: { path: "a.yaml", blob: blobId("x") }, content: live };
    const recorded = { ...inStep("1"), source: [{ path: "a.yaml", blob: blobId("y") }] };
    const was = parseJson(deployment('{"replicas":2}')) as JsonObject;
    assert.equal(judge({ live: toManifest(live), recorded, file, before: { base: was, then: was } }), "Adopt");
  });

  const values = fc.constantFrom("1", "2", "3");
  const anyInput: fc.Arbitrary<DecideInput> = fc
    .record(
      {
        live: fc.option(values.map(manifest), { nil: undefined }),
        recorded: fc.option(
          fc.oneof(
            values.map((v) => inStep(v)),
            values.map(withoutBase),
          ),
          { nil: undefined },
        ),
        file: fc.option(
          fc.oneof(
            values.map((v) => canonical(v)),
            values.map((v) => styled(v)),
            values.map(unread),
          ),
          { nil: undefined },
        ),
        onConflict: fc.constantFrom("Hold", "ClusterWins", "GitWins"),
        applied: fc.option(values.map(contentOf), { nil: undefined }),
      },
      { noNullPrototype: true },
    )
    .map(({ applied, ...input }) => ({
      ...input,
      before: wasIn("1"),
      schema: undefined,
      written: clean,
      ...(applied && { applied }),
    }));

  it("writes nothing where neither side, or Git alone, changed", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { recorded, live } = input;
        if (recorded?.base === undefined || live?.blob !== recorded.base) return;
        assert.notEqual(decide({ ...input, before: undefined }).action, "Deliver");
      }),
      { numRuns: 1000 },
    );
  });

  it("reads what both sides were only where one changed that the record does not vouch for", () => {
    assert.ok(!needsBefore({ live: same, recorded: inStep("1"), file: unread("1") }));
    assert.ok(!needsBefore({ live: changed, recorded: inStep("1"), file: unread("1") }));
    assert.ok(!needsBefore({ live: changed, recorded: undefined, file: styled("1") }));
    assert.ok(needsBefore({ live: changed, recorded: inStep("1", styled("1")), file: styled("1") }));
    assert.ok(needsBefore({ live: same, recorded: inStep("1"), file: styled("2") }));
    assert.ok(needsBefore({ live: changed, recorded: inStep("1"), file: unread("1"), applied: contentOf("2") }));
  });

  it("says InSync only where there is nothing to bring", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const decision = decide(input);
        if (decision.action === "None" && decision.state === "InSync")
          assert.equal(input.live?.blob, input.recorded?.base);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("equalJson and contains", () => {
  const shuffle = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(shuffle);
    if (value === null || typeof value !== "object" || "verbatim" in value) return value;
    return object(
      Object.entries(value)
        .map(([key, item]) => [key, shuffle(item)] as const)
        .toReversed(),
    );
  };

  it("are blind to the order of keys", () => {
    fc.assert(
      fc.property(json, (value) => {
        assert.ok(equalJson(value, shuffle(value)) && contains(value, shuffle(value)));
      }),
    );
  });

  it("agree with the canonical text: equal objects are written alike, unequal ones are not", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (a, b) => {
        assert.equal(equalJson(a, b), serialize(a) === serialize(b));
        if (equalJson(a, b)) assert.ok(contains(a, b) && contains(b, a));
      }),
    );
  });

  it("contains: anything with less said, and nothing with a value changed", () => {
    fc.assert(
      fc.property(jsonObject, fc.string(), json, (outer, key, value) => {
        const more = object([...Object.entries(outer).filter(([name]) => name !== key), [key, value]]);
        const less = object(Object.entries(more).filter(([name]) => name !== key));
        assert.ok(contains(less, more) && contains(object([]), more));
        assert.ok(!contains(object([[key, [value]]]), more));
        if (less !== more) assert.equal(contains(more, less), false);
      }),
    );
  });

  const cases: readonly (readonly [inner: string, outer: string, contained: boolean])[] = [
    ['{"a":1}', '{"a":1,"b":2}', true],
    ['{"a":1,"b":2}', '{"a":1}', false],
    ['{"l":[{"a":1}]}', '{"l":[{"a":1,"b":2}]}', true],
    ['{"l":[1]}', '{"l":[1,2]}', false],
    ['{"l":[]}', '{"l":[1]}', false],
    ['{"a":{}}', '{"a":{"b":1}}', true],
    ['{"a":1}', '{"a":"1"}', false],
    ['{"a":null}', "{}", false],
    ['{"a":{}}', '{"a":[]}', false],
    ['{"a":1.0}', '{"a":1}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740993}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', false],
    ['{"a":1e3}', '{"a":1000}', true],
    ['{"a":9007199254740993}', '{"a":{"verbatim":"9007199254740993"}}', false],
    ['{"a":1.0}', '{"a":true}', false],
    ['{"__proto__":1}', "{}", false],
    ['{"toString":1}', "{}", false],
  ];
  for (const [inner, outer, contained] of cases) {
    it(`${inner} is ${contained ? "" : "not "}in ${outer}`, () => {
      assert.equal(contains(parseJson(inner), parseJson(outer)), contained);
      assert.ok(contains(parseJson(inner), parseJson(inner)) && stringifyJson(parseJson(inner)) === inner);
    });
  }
});
