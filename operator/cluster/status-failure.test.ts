import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { statusFailure } from "./status-failure.ts";

const about = { verb: "patch", group: "clickscribe.dev", resource: "captures/status", namespace: "shop" };
const refusal = {
  server: "https://10.0.0.1:6443",
  method: "PATCH",
  path: "/apis/x",
  about,
  retryAfterSeconds: undefined,
  now: 1_000,
  who: "the operator",
};
const status = (message: string, details?: object): string => JSON.stringify({ kind: "Status", message, details });

describe("statusFailure", () => {
  it("names the rule to add on 403, as YAML in one line", () => {
    const failure = statusFailure({ ...refusal, status: 403, text: status("captures is forbidden") });
    assert.equal(failure.class, "Stalled");
    assert.equal(failure.code, "AccessDenied");
    assert.equal(
      failure.message,
      'captures is forbidden: add the rule {apiGroups: ["clickscribe.dev"], resources: ["captures/status"], verbs: ["patch"]} to a role of the operator',
    );
    const person = statusFailure({ ...refusal, who: "alice", status: 403, text: status("no") });
    assert.match(person.message, / to a role of alice$/);
  });
  it("tells a missing resource from a missing object", () => {
    const missing = statusFailure({ ...refusal, status: 404, text: "404 page not found\n" });
    assert.deepEqual([missing.class, missing.code], ["Stalled", "KindNotServed"]);
    assert.match(missing.message, /does not serve \/apis\/x: 404 page not found/);
    const gone = statusFailure({ ...refusal, status: 404, text: status('captures "a" not found', { name: "a" }) });
    assert.deepEqual([gone.class, gone.code, gone.data["status"]], ["Retry", "InternalError", 404]);
  });
  for (const [code, kind, reason] of [
    [400, "Retry", "InternalError"],
    [401, "Stalled", "AccessDenied"],
    [409, "Retry", "InternalError"],
    [422, "Retry", "InternalError"],
    [429, "Waiting", "ClusterUnreachable"],
    [500, "Retry", "ClusterUnreachable"],
    [503, "Waiting", "ClusterUnreachable"],
    [504, "Retry", "ClusterUnreachable"],
  ] as const) {
    it(`${code} is ${kind} ${reason} and says what the server said`, () => {
      const failure = statusFailure({ ...refusal, status: code, text: status("because") });
      assert.deepEqual([failure.class, failure.code, failure.data["status"]], [kind, reason, code]);
      assert.match(failure.message, /because/);
      assert.match(failure.message, /10\.0\.0\.1:6443/);
    });
  }
  for (const [given, until] of [
    [undefined, 2_000],
    [7, 8_000],
    [0, 2_000],
    [-5, 2_000],
    [1e9, 61_000],
  ] as const) {
    it(`Retry-After ${given} comes back at ${until}`, () => {
      const failure = statusFailure({ ...refusal, status: 429, text: "", retryAfterSeconds: given });
      assert.equal(failure.until, until);
    });
  }
  it("keeps a proxy's page short and on one line", () => {
    const failure = statusFailure({ ...refusal, status: 502, text: `<html>\n${"x".repeat(9_000)}` });
    assert.ok(failure.message.length < 400 && !failure.message.includes("\n"));
  });
});
