import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeCluster, fakeKinds } from "../../test/fakes/cluster.ts";
import { type CliCluster, createCliCluster, now, say } from "../../test/fakes/command-line.ts";
import type { JsonObject } from "../values.ts";

const captureKind = fakeKinds.find(({ kind }) => kind === "Capture") ?? assert.fail("no Capture");

type Answer = (capture: Stored) => { readonly status: string; readonly reason: string; readonly message: string };

interface Stored {
  readonly metadata: { readonly generation: number; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly suspend?: boolean };
}

const asSpecSays: Answer = ({ spec }) =>
  spec.suspend === true
    ? { status: "False", reason: "Suspended", message: "nothing is written" }
    : { status: "True", reason: "Succeeded", message: "3 objects" };

/** A cluster whose operator answers each change like this; undefined: it does not run. */
function cluster(answer: Answer | undefined, suspend = false, names: readonly string[] = ["all"]): CliCluster {
  const answered = (fake: FakeCluster, object: JsonObject): void => {
    if (answer === undefined) return;
    const capture = object as unknown as Stored;
    const generation = capture.metadata.generation + 1;
    const status = {
      observedGeneration: generation,
      lastHandledReconcileAt: capture.metadata.annotations?.["clickscribe.dev/reconcile-requested-at"] ?? "",
      conditions: [{ type: "Ready", ...answer(capture) }],
    };
    fake.put({ ...object, status });
  };
  const made = createCliCluster(undefined, answered);
  for (const name of names) {
    made.put({
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "Capture",
      metadata: { name, namespace: "shop" },
      spec: { remote: { name: "platform" }, path: "", suspend },
    });
  }
  return made;
}

describe("suspend and resume", () => {
  it("change spec.suspend and wait for the operator", async () => {
    const stopped = cluster(asSpecSays);
    const out = "Capture shop/all: suspended: nothing is written\n";
    assert.deepEqual(await say(["suspend", "capture", "all"], stopped), { code: 0, out, err: "" });
    assert.deepEqual(stopped.done.patches, [{ name: "all", change: { spec: { suspend: true } } }]);
    const again = await say(["resume", "capture", "all"], stopped);
    assert.deepEqual(again, { code: 0, out: "Capture shop/all: resumed: 3 objects\n", err: "" });
  });

  it("take several, or all of a namespace", async () => {
    const two = cluster(asSpecSays, false, ["a", "b", "c"]);
    assert.equal((await say(["suspend", "capture", "c", "a"], two)).code, 0);
    assert.deepEqual(
      two.done.patches.map(({ name }) => name),
      ["c", "a"],
    );
    assert.equal((await say(["resume", "capture", "--all"], two)).out.split("\n").length, 4);
    const none = await say(["resume", "capture", "--all", "-n", "other"], two);
    assert.deepEqual(none, { code: 0, out: "", err: "no Captures in other\n" });
  });

  it("go on with the others when one is not there", async () => {
    const { code, out, err } = await say(["suspend", "capture", "nobody", "all"], cluster(asSpecSays));
    assert.equal(code, 1);
    assert.match(out, /^Capture shop\/all: suspended/);
    assert.match(err, /^clickscribe: there is no Capture nobody in shop: /);
  });

  it("say that nobody answers, after the timeout only", async () => {
    const silent = cluster(undefined);
    const { code, err } = await say(["suspend", "capture", "all", "--timeout", "3s"], silent);
    assert.equal(code, 1);
    assert.match(
      err,
      /the operator has not answered within 3s; its condition Ready is Unknown: the operator has not seen it yet\. clickscribe check/,
    );
    const { code: unwaited, out } = await say(["suspend", "capture", "all", "--wait=false"], cluster(undefined));
    assert.deepEqual([unwaited, out], [0, "Capture shop/all: suspended asked for\n"]);
  });

  it("believe no word of before the change, and none that is not final", async () => {
    const stale = cluster(undefined, true);
    const before = await stale.get(captureKind, "shop", "all");
    const conditions = [{ type: "Ready", status: "True", reason: "Succeeded", message: "of before" }];
    stale.put({ ...before, status: { observedGeneration: 1, conditions } });
    const waited = await say(["resume", "capture", "all", "--timeout", "2s"], stale);
    assert.deepEqual([waited.code, waited.out], [1, ""]);
    const busy = cluster(() => ({ status: "False", reason: "Progressing", message: "reading" }));
    const { err } = await say(["resume", "capture", "all", "--timeout", "2s"], busy);
    assert.match(err, /its condition Ready is False \(Progressing\): reading\. /);
  });

  it("tell a Capture that does not become ready", async () => {
    const refused = cluster(() => ({ status: "False", reason: "SourceRefused", message: "main was\nrefused" }));
    assert.deepEqual(await say(["resume", "capture", "all"], refused), {
      code: 1,
      out: "Capture shop/all: resumed, but it is not ready: main was refused\n",
      err: "",
    });
  });
});

describe("reconcile", () => {
  it("asks by annotation and waits until that is handled", async () => {
    const asked = cluster(asSpecSays);
    assert.equal((await say(["reconcile", "capture", "all"], asked)).out, "Capture shop/all: reconciled: 3 objects\n");
    const at = new Date(now).toISOString();
    const change = { metadata: { annotations: { "clickscribe.dev/reconcile-requested-at": at } } };
    assert.deepEqual(asked.done.patches, [{ name: "all", change }]);
    assert.equal((await say(["reconcile", "capture", "all"], cluster(undefined))).code, 1);
  });

  it("leaves a suspended one alone", async () => {
    const suspended = cluster(asSpecSays, true);
    const { code, err } = await say(["reconcile", "capture", "all"], suspended);
    assert.deepEqual([code, suspended.done.patches], [1, []]);
    assert.equal(err, "clickscribe: Capture all is suspended: clickscribe resume capture all -n shop\n");
  });

  const wrong: readonly (readonly [string, string])[] = [
    ["reconcile capture", "reconcile capture needs the NAME of a Capture, or --all"],
    ["reconcile capture a --all", "NAME and --all exclude each other: give one of them"],
    ["reconcile capture A", 'NAME must be the name of an object, not "A"'],
    ["reconcile capture a --timeout 1", '--timeout must be a duration of at least 1s, such as 60s or 1m30s, not "1"'],
    ["reconcile capturing a", 'reconcile is followed by capture, not "capturing"; did you mean reconcile capture?'],
  ];
  for (const [argv, complaint] of wrong) {
    it(`refuses ${argv}`, async () => {
      assert.deepEqual(await say(argv.split(" ")), { code: 2, out: "", err: `clickscribe: ${complaint}\n` });
    });
  }
});
