import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { type CliCluster, createCliCluster, say } from "../../../test/fakes/command-line.ts";
import type { JsonObject } from "../../values.ts";

const apiVersion = "clickscribe.dev/v1alpha1";
const created = { creationTimestamp: "2026-02-27T11:00:00Z" };

function cluster(): CliCluster {
  const made = createCliCluster();
  made.put({
    apiVersion,
    kind: "Capture",
    metadata: { name: "all", namespace: "shop", managedFields: [], ...created },
    spec: { remote: { name: "platform" }, path: "apps/shop", suspend: false },
    status: {
      conditions: [{ type: "Ready", status: "True", reason: "Succeeded", message: "3 objects of the cluster on main" }],
      source: { branch: "refs/heads/main" },
      objects: { inScope: 3, inSync: 2 },
      lastCommit: { commit: "3fa2c1d9", at: "2026-03-01T11:55:00Z", subject: "x", author: "alice" },
    },
  });
  made.put({
    apiVersion,
    kind: "Capture",
    metadata: { name: "bare", namespace: "other", ...created },
    spec: { remote: { name: "platform" }, path: "", suspend: true, branch: "a\u001b[31m\u202eb" },
  });
  made.put({
    apiVersion,
    kind: "GitRemote",
    metadata: { name: "platform", namespace: "shop", ...created },
    spec: { url: "https://git.example.com/shop.git", secretRef: { name: "git" } },
  });
  return made;
}

describe("get", () => {
  it("lists the Captures of the context's namespace", async () => {
    assert.deepEqual(await say(["get"], cluster()), {
      code: 0,
      err: "",
      out: `NAME   READY   REASON      BRANCH   PATH        OBJECTS   LAST COMMIT   SUSPENDED   AGE
all    True    Succeeded   main     apps/shop   2/3       3fa2c1d 5m    false       2d
`,
    });
  });

  it("lists all namespaces, and lets nothing of the cluster speak to the terminal", async () => {
    const { out } = await say(["get", "captures", "-A", "-o", "wide"], cluster());
    const lines = out.split("\n");
    assert.match(lines[0] ?? "", /^NAMESPACE {3}NAME .* AGE {3}REMOTE {5}MESSAGE$/);
    assert.match(
      lines[1] ?? "",
      /^other {7}bare .* Unknown +- .* a\\u\{1b\}\[31m\\u\{202e\}b +\/ .* true .*not seen it yet$/,
    );
    assert.match(lines[2] ?? "", /^shop .* platform {3}3 objects of the cluster on main$/);
  });

  it("prints one object, several, or names, for programs", async () => {
    const one = JSON.parse((await say(["get", "captures", "all", "-o", "json"], cluster())).out);
    assert.deepEqual([one.kind, one.metadata.name, one.metadata.managedFields], ["Capture", "all", undefined]);
    const list = JSON.parse((await say(["get", "all", "-o", "json"], cluster())).out);
    assert.deepEqual([list.kind, list.items.length], ["List", 2]);
    assert.match(
      (await say(["get", "remotes", "platform", "-oyaml"], cluster())).out,
      /^apiVersion: clickscribe.*\nkind: GitRemote\n/,
    );
    const names = "gitremote.clickscribe.dev/platform\ncapture.clickscribe.dev/all\n";
    assert.equal((await say(["get", "all", "-o", "name"], cluster())).out, names);
    assert.equal((await say(["get", "capture", "all", "-o", "name"], cluster())).out, names.split("\n")[1] + "\n");
  });

  it("keeps what is printed as JSON harmless and equal", async () => {
    const { out } = await say(["get", "-A", "-o", "json"], cluster());
    assert.doesNotMatch(out, /\u202e/);
    assert.equal(JSON.parse(out).items[0].spec.branch, "a\u001b[31m\u202eb");
  });

  it("keeps what is printed as YAML harmless and equal", async () => {
    const { out } = await say(["get", "-A", "-o", "yaml"], cluster());
    assert.ok(!out.includes("\u001b") && !out.includes("\u202e"));
    assert.equal((parse(out) as { items: { spec: JsonObject }[] }).items[0]?.spec["branch"], "a\u001b[31m\u202eb");
  });

  it("says that there is nothing, or no such thing", async () => {
    const none = await say(["get", "-n", "empty"], cluster());
    assert.deepEqual(none, { code: 0, out: "", err: "no Captures in empty; -A looks in all namespaces\n" });
    assert.deepEqual(await say(["get", "captures", "nobody"], cluster()), {
      code: 1,
      out: "",
      err: "clickscribe: there is no Capture nobody in shop: clickscribe get captures -A lists all\n",
    });
  });

  it("is coloured on a terminal only", async () => {
    assert.ok((await say(["get"], cluster(), { isTerminal: true })).out.includes("\u001b[32mTrue\u001b[39m"));
    const env = { HOME: "/", NO_COLOR: "1" };
    assert.ok(!(await say(["get"], cluster(), { isTerminal: true, env })).out.includes("\u001b"));
  });

  const wrong: readonly (readonly [string, string])[] = [
    ["get pods", 'WHAT must be one of captures, remotes, all, not "pods"'],
    ["get captures all -A", "NAME and --all-namespaces exclude each other: give --namespace with a NAME"],
    ["get all one", "NAME goes with captures or remotes: get captures NAME"],
    ["get captures a b", 'get takes no argument "b": see clickscribe get --help'],
    ["get -o xml", '--output must be one of table, wide, json, yaml, name, not "xml"'],
  ];
  for (const [argv, complaint] of wrong) {
    it(`refuses ${argv}`, async () => {
      assert.deepEqual(await say(argv.split(" ")), { code: 2, out: "", err: `clickscribe: ${complaint}\n` });
    });
  }
});
