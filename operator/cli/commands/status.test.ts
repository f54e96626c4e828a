import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CliCluster, createCliCluster, say } from "../../../test/fakes/command-line.ts";

const apiVersion = "clickscribe.dev/v1alpha1";
const wellStatus = {
  conditions: [
    { type: "Ready", status: "True", reason: "Succeeded", message: "31 objects of the cluster on main" },
    { type: "Attributing", status: "True", reason: "WebhookReached", message: "The API server reaches the webhook." },
  ],
  record: { ref: "refs/clickscribe/prod/c/shop/all", commit: "aaaaaaaaaa" },
  source: { branch: "main", commit: "bbbbbbbbbb" },
  objects: { inScope: 31, inSync: 28, pending: 1, gitAhead: 2, diverged: 0, applying: 0 },
  skipped: { SecretExcluded: 2, ControllerOwned: 12 },
  lastCommit: { commit: "3fa2c1d9", at: "2026-03-01T11:55:00Z", subject: "web: scale 3 -> 5", author: "alice" },
};
const waiting = {
  ...wellStatus,
  conditions: [{ type: "Ready", status: "False", reason: "DeletionWaiting", message: "12 objects vanished at a time" }],
  deletionsWaiting: { count: 12, token: "12-abc", objects: ["ConfigMap shop/a", "ConfigMap shop/\u001b[31mb"] },
  drift: {
    count: 11,
    objects: [
      { object: "Deployment.apps shop/web", sort: "ChangedInCluster", since: "2026-03-01T11:30:00Z", by: "bob" },
    ],
  },
  source: { branch: "main", commit: "bbbbbbbbbb", refusal: "pre-receive hook declined", refusedUntil: "12:10" },
  notWatched: [{ group: "example.com", kind: "Widget", reason: "AccessDenied", message: "may not list" }],
};

function cluster(captures: Readonly<Record<string, object>>, spec: object = {}): CliCluster {
  const made = createCliCluster();
  for (const [name, status] of Object.entries(captures)) {
    made.put({
      apiVersion,
      kind: "Capture",
      metadata: { name, namespace: "shop" },
      spec: { remote: { name: "platform" }, path: "apps/shop", ...spec },
      status,
    } as never);
  }
  made.put({
    apiVersion,
    kind: "GitRemote",
    metadata: { name: "platform", namespace: "shop" },
    spec: { url: "https://git.example.com/shop.git" },
    status: { conditions: [{ type: "Ready", status: "True", reason: "Succeeded", message: "it answers" }] },
  });
  return made;
}

describe("status", () => {
  it("tells who applies the path, how far each is, and what of it would fight", async () => {
    const synced = { type: "Synced", status: "False", reason: "ConsumerSuspended", message: "it is suspended" };
    const argo = {
      kind: "Application",
      namespace: "argocd",
      name: "shop",
      path: "apps/shop",
      applied: "3fa2c1d9",
      upToDate: true,
    };
    const flux = {
      kind: "Kustomization",
      namespace: "flux-system",
      name: "x\u001b[31m",
      path: "",
      upToDate: false,
      suspended: true,
    };
    const consumers = [
      { ...argo, automatic: true, selfHeal: true, prune: true, reverts: 3 },
      { ...flux, interval: "10m", warnings: [{ reason: "Replaces", message: "take it out of spec.force" }] },
    ];
    const conditions = [...wellStatus.conditions, synced];
    const { out } = await say(["status", "all"], cluster({ all: { ...wellStatus, conditions, consumers } }));
    assert.match(out, /^Applied: {5}False \(ConsumerSuspended\) it is suspended$/m);
    const section = out.slice(out.indexOf("Applied by:"));
    assert.equal(
      section.slice(0, section.indexOf("\n\n") < 0 ? undefined : section.indexOf("\n\n")).trimEnd(),
      `Applied by:
  Application argocd/shop  apps/shop at 3fa2c1d, up to date; heals itself;
                           prunes; put back 3 changes for a moment
  Kustomization flux-system/x\\u{1b}[31m  the root at nothing of it yet, behind;
                                         suspended; looks every 10m
    Replaces  take it out of spec.force`,
    );
  });
  it("tells a Capture that is well", async () => {
    assert.deepEqual(await say(["status", "all"], cluster({ all: wellStatus })), {
      code: 0,
      err: "",
      out: `Capture shop/all
Ready:       True (Succeeded) 31 objects of the cluster on main
Authors:     True (WebhookReached) The API server reaches the webhook.
Writes to:   apps/shop on main at bbbbbbb
Remote:      platform (https://git.example.com/shop.git)
In Git:      28 of 31 objects, 1 on their way, 2 changed in Git, left alone
             until applied
Last commit: 3fa2c1d by alice, 5m ago: web: scale 3 -> 5
Record:      refs/clickscribe/prod/c/shop/all at aaaaaaa

Not in Git:
  12 ControllerOwned  A controller made it from another object (ownerReferences
                      with controller: true).
   2 SecretExcluded  Secrets are never written in clear.
`,
    });
  });

  it("tells what is wrong, with the command that helps, and lets nothing speak to the terminal", async () => {
    const { code, out } = await say(["status", "all"], cluster({ all: waiting }));
    assert.equal(code, 1);
    const [, said = ""] = out.split(
      "with controller: true).\n   2 SecretExcluded  Secrets are never written in clear.\n",
    );
    assert.equal(
      said,
      `
Kinds that are not captured:
  AccessDenied  Widget.example.com: may not list

Drift: 11
  ChangedInCluster  Deployment.apps shop/web, for 30m, by bob
  and 10 more

Deletions that wait to be confirmed: 12
  ConfigMap shop/a
  ConfigMap shop/\\u{1b}[31mb
  and 10 more
If their files are to be removed:
  kubectl annotate capture -n shop all --overwrite \\
    clickscribe.dev/confirm-deletions=12-abc

The server refused the last push: pre-receive hook declined; tried again at
                                  12:10
`,
    );
  });

  it("tells one that nobody has seen, and one that is suspended", async () => {
    const fresh = await say(["status", "all"], cluster({ all: {} }));
    assert.equal(fresh.code, 1);
    assert.match(fresh.out, /Ready: {7}Unknown the operator has not seen it yet\n[^]*In Git: {6}not known yet\n/);
    const kubectl = { program: "kubectl clickscribe" };
    const stopped = await say(["status", "all"], cluster({ all: {} }, { suspend: true }), kubectl);
    assert.match(stopped.out, /\n\nkubectl clickscribe resume capture all -n shop\n$/);
  });

  it("names a GitRemote that is missing", async () => {
    const { out } = await say(["status", "all"], cluster({ all: wellStatus }, { remote: { name: "gone" } }));
    assert.match(out, /\nRemote: {6}gone, which does not exist\n/);
  });

  it("takes all of the namespace, and fails when one is not ready", async () => {
    const { code, out } = await say(["status", "-o", "json"], cluster({ one: wellStatus, two: waiting }));
    assert.equal(code, 1);
    const told = JSON.parse(out) as { readonly name: string; readonly ready: boolean }[];
    assert.deepEqual(
      told.map(({ name, ready }) => [name, ready]),
      [
        ["one", true],
        ["two", false],
      ],
    );
    assert.equal((await say(["status"], cluster({ one: wellStatus, two: wellStatus }))).code, 0);
    assert.match((await say(["status", "-n", "none"], cluster({}))).err, /^no Captures in none; -A looks/);
  });

  it("keeps within 80 columns", async () => {
    const { out } = await say(["status"], cluster({ all: waiting, two: wellStatus }));
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  });
});
