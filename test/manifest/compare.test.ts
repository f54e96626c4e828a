import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { differences, noise, serverOwned } from "./compare.ts";

const service = (metadata: object, spec: object): string => JSON.stringify({ kind: "Service", metadata, spec });

describe("the judge of round trips", () => {
  it("shares nothing with what it judges", () => {
    assert.doesNotMatch(readFileSync(new URL("compare.ts", import.meta.url), "utf8"), /^import/m);
  });

  it("sees what is gone, what came in, what changed, and what a double does not carry", () => {
    const one = '{"kind":"A","metadata":{},"a":1,"b":[1,2],"c":{"d/e":"x"},"n":9007199254740993}';
    const other = '{"kind":"A","metadata":{},"b":[1],"c":{"d/e":"y"},"n":9007199254740992,"z":null}';
    assert.deepEqual(differences(one, other), [
      "/a: 1 here, undefined there",
      "/b/1: 2 here, undefined there",
      '/c/d~1e: "x" here, "y" there',
      '/n: "number 9007199254740993" here, 9007199254740992 there',
      "/z: undefined here, null there",
    ]);
    assert.deepEqual(differences(one, one), []);
  });

  it("looks away from what is the server's, and only there", () => {
    const here = service({ name: "a", uid: "1" }, { clusterIP: "10.0.0.1", ports: [{ port: 1, nodePort: 30001 }] });
    const there = service({ name: "a", uid: "2" }, { clusterIP: "10.0.0.2", ports: [{ port: 1, nodePort: 30002 }] });
    assert.deepEqual(differences(here, there), []);
    assert.deepEqual(differences(service({ name: "a" }, { clusterIP: "None" }), service({ name: "a" }, {})), [
      '/spec/clusterIP: "None" here, undefined there',
    ]);
    assert.deepEqual(
      differences('{"kind":"A","metadata":{},"spec":{"uid":1}}', '{"kind":"A","metadata":{},"spec":{}}'),
      ["/spec/uid: 1 here, undefined there"],
    );
  });

  it("names what is the server's in a manifest", () => {
    assert.deepEqual(noise({ kind: "A", metadata: { name: "a", uid: "1" } }), [
      '/metadata/uid: "1" here, undefined there',
    ]);
    assert.deepEqual(noise({ kind: "A", metadata: { name: "a" } }), []);
  });

  it("has a reason for each field that it looks away from", () => {
    for (const { path, reason } of serverOwned) assert.ok(reason !== "", path.join("/"));
  });
});
