import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RefOutcome } from "../values.ts";
import { encodePacket, flushPacket } from "./pkt-line.ts";
import { judgePush, lacksObjects, needsTips, parseReport } from "./push-report.ts";

const main = "refs/heads/main";
const record = "refs/clickscribe/dev";
const from = "1".repeat(40);
const to = "2".repeat(40);
const updates = [
  { ref: record, from, to },
  { ref: main, from, to },
];

function report(lines: readonly string[], remarks = ""): ReturnType<typeof parseReport> {
  return parseReport(Buffer.concat([...lines.map((line) => encodePacket(`${line}\n`)), flushPacket]), remarks);
}

/** Outcomes of record and main. `moved` are the refs that are elsewhere now. */
function judge(
  lines: readonly string[],
  remarks: string,
  moved: readonly string[],
): readonly (RefOutcome | undefined)[] {
  const parsed = report(lines, remarks);
  const tips = new Map(updates.map(({ ref }) => [ref, moved.includes(ref) ? to : from]));
  const outcome = judgePush(updates, parsed, needsTips(parsed) ? tips : undefined);
  return [outcome.get(record), outcome.get(main)];
}

const accepted: RefOutcome = { outcome: "Accepted" };
const stale: RefOutcome = { outcome: "Stale" };
const rolledBack: RefOutcome = { outcome: "RolledBack" };
const refused = (message: string): RefOutcome => ({ outcome: "Refused", message });

describe("the answer to a push", () => {
  it("is read per ref", () => {
    const parsed = report(["unpack ok", `ok ${record}`, "option refname refs/x", `ng ${main} hook declined`], "a\nb");
    assert.equal(parsed.unpack, "ok");
    assert.deepEqual(
      [...parsed.refs],
      [
        [record, undefined],
        [main, "hook declined"],
      ],
    );
    assert.equal(parsed.remarks, "a b");
    assert.equal(report(["unpack ok"], "error:\nerror: an error: b\nerror:\n").remarks, "an error: b");
  });

  it("leaves the outcome unknown where it is cut off", () => {
    assert.throws(() => parseReport(Buffer.alloc(0), "x"), { class: "Retry", message: /did not say.*: x/ });
    assert.throws(() => parseReport(encodePacket("unpack ok\n"), ""), { class: "Retry" });
    assert.throws(() => parseReport(flushPacket, ""), { class: "Retry" });
  });

  it("is Refused in the words of hooks and servers", () => {
    const ok = ["unpack ok", `ok ${record}`];
    assert.deepEqual(judge([...ok, `ng ${main} pre-receive hook declined`], "GH006: protected", []), [
      accepted,
      refused("pre-receive hook declined: GH006: protected"),
    ]);
    assert.deepEqual(judge([...ok, `ng ${main} protected branch hook declined`], "", [main]), [
      accepted,
      refused("protected branch hook declined"),
    ]);
    assert.deepEqual(judge(ok, "", []), [accepted, refused("the server did not answer for this ref")]);
    const failed = ["unpack index-pack abnormal exit", `ng ${record} unpacker error`, `ng ${main} unpacker error`];
    const why = refused("unpacker error (index-pack abnormal exit): fatal: fsck error in pack objects");
    assert.deepEqual(judge(failed, "fatal: fsck error in pack objects", []), [why, why]);
  });

  it("is Stale where words of a lost race come with a ref that moved, and only there", () => {
    for (const reason of [
      "failed to update ref",
      "fetch first",
      "non-fast-forward",
      "cannot lock ref 'refs/heads/main': is at x but expected y",
      "stale info",
      "reference already exists",
      "incorrect old value provided",
    ]) {
      const lines = ["unpack ok", `ok ${record}`, `ng ${main} ${reason}`];
      assert.deepEqual(judge(lines, "", [main]), [accepted, stale], reason);
      assert.deepEqual(judge(lines, "", []), [accepted, refused(reason)], reason);
    }
  });

  it("is RolledBack for the others of an atomic push", () => {
    const declined = ["unpack ok", `ng ${record} atomic push failure`, `ng ${main} hook declined`];
    assert.deepEqual(judge(declined, "no", []), [rolledBack, refused("hook declined: no")]);
    const failed = ["unpack ok", `ng ${record} atomic transaction failed`, `ng ${main} atomic transaction failed`];
    assert.deepEqual(judge(failed, "", [main]), [rolledBack, stale]);
    assert.deepEqual(judge(failed, "", [main, record]), [stale, stale]);
    const named = `cannot lock ref '${main}': 'refs/heads' exists`;
    assert.deepEqual(judge(failed, named, []), [rolledBack, refused(`atomic transaction failed: ${named}`)]);
    const either = refused("atomic transaction failed");
    assert.deepEqual(judge(failed, "", []), [either, either]);
  });

  it("is a Retry where another push held the lock", () => {
    const lines = ["unpack ok", `ok ${record}`, `ng ${main} failed to update ref`];
    const remarks = "error: cannot lock ref 'refs/heads/main': Unable to create '/r/main.lock': File exists.";
    assert.throws(() => judge(lines, remarks, []), { class: "Retry", code: "RemoteUnreachable" });
    assert.deepEqual(judge(lines, remarks, [main]), [accepted, stale]);
  });

  it("is a Retry where the server's disk is full, in git's words of it, not in a hook's", () => {
    const full = "fatal: unable to write loose object file: No space left on device";
    const failed = ["unpack unpack-objects abnormal exit", `ng ${record} unpacker error`, `ng ${main} unpacker error`];
    const retried = { class: "Retry", code: "RemoteUnreachable", message: /No space left on device/ };
    assert.throws(() => judge(failed, full, []), retried);
    const locked = `error: cannot update ref '${main}': couldn't write '/r.git/./refs/heads/main.lock'`;
    const lines = ["unpack ok", `ok ${record}`, `ng ${main} failed to update ref`];
    assert.throws(() => judge(lines, locked, []), { class: "Retry", message: /couldn't write/ });
    const atomic = ["unpack ok", `ng ${record} atomic transaction failed`, `ng ${main} atomic transaction failed`];
    assert.throws(() => judge(atomic, locked, []), { class: "Retry" });
    const declined = ["unpack ok", `ok ${record}`, `ng ${main} hook declined`];
    assert.deepEqual(judge(declined, "the ticket says: No space left on device", []), [
      accepted,
      refused("hook declined: the ticket says: No space left on device"),
    ]);
  });

  it("tells when the server lost what it had", () => {
    assert.ok(lacksObjects(report(["unpack ok", `ng ${main} missing necessary objects`])));
    assert.ok(lacksObjects(report(["unpack index-pack abnormal exit"], "fatal: pack has 1 unresolved delta")));
    assert.ok(!lacksObjects(report(["unpack ok", `ng ${main} hook declined`], "missing tree of the ticket")));
  });
});
