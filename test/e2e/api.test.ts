/** The CRDs on a real API server: what it refuses and in which words, what it fills in, prints and explains. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSpecs } from "../../operator/api/parse-specs.ts";
import { parseCapturePath } from "../../operator/layout/path.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { established } from "../harness/established.ts";

type Spec = Readonly<Record<string, unknown>>;

const crds = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "crds");
const apiVersion = "clickscribe.dev/v1alpha1";
const url = "https://git.example.com/acme/platform.git";
const remote = { name: "platform" };

const gitRemote = (spec: Spec, name = "platform"): object => ({
  apiVersion,
  kind: "GitRemote",
  metadata: { name },
  spec: { url, ...spec },
});
const capture = (spec: Spec, name = "shop"): object => ({
  apiVersion,
  kind: "Capture",
  metadata: { name },
  spec: { remote, path: "apps/shop", ...spec },
});
const notifier = (spec: Spec, name = "team"): object => ({
  apiVersion,
  kind: "Notifier",
  metadata: { name },
  spec: { type: "Slack", channel: "C0", secretRef: { name: "slack" }, ...spec },
});

/** What is wrong, and the words that the answer must hold: the field, and what to do. */
const wrong: readonly (readonly [what: string, object: object, words: readonly string[]])[] = [
  ["no url", gitRemote({ url: undefined }), ["spec.url", "Required value"]],
  ["an empty url", gitRemote({ url: "" }), ["spec.url"]],
  ["http without allowInsecure", gitRemote({ url: "http://h/r" }), ["spec.url", "https://", "allowInsecure"]],
  ["another scheme", gitRemote({ url: "file:///etc" }), ["spec.url", "must begin with https://"]],
  ["no scheme", gitRemote({ url: "git@example.com:a/b.git" }), ["spec.url", "must begin with https://"]],
  ["a password in the url", gitRemote({ url: "https://u:p@h/r" }), ["spec.url must not hold a user", "secretRef.name"]],
  ["a user in the url", gitRemote({ url: "https://u@h/r" }), ["spec.url must not hold a user", "secretRef.name"]],
  ["a token in the query", gitRemote({ url: "https://h/r?private_token=x" }), ["spec.url must not hold a query"]],
  ["no host", gitRemote({ url: "https:///r" }), ["spec.url must be a URL with a host"]],
  ["ssh without a Secret", gitRemote({ url: "ssh://git@h/r" }), ["spec.secretRef", "identity and known_hosts"]],
  ["ssh with a password", gitRemote({ url: "ssh://git:p@h/r", secretRef: { name: "a" } }), ["must not hold a user"]],
  ["ssh with two @", gitRemote({ url: "ssh://git@x@h/r", secretRef: { name: "a" } }), ["must not hold a user"]],
  [
    "ssh with an option for a user",
    gitRemote({ url: "ssh://-oX@h/r", secretRef: { name: "a" } }),
    ["must not hold a user"],
  ],
  ["ssh without a host", gitRemote({ url: "ssh:///r", secretRef: { name: "a" } }), ["must be a URL with a host"]],
  ["another access", gitRemote({ access: "Read" }), ["spec.access", "ReadWrite", "ReadOnly"]],
  ["a proxy without a Secret", gitRemote({ proxy: {} }), ["spec.proxy.secretRef", "Required value"]],
  [
    "a Secret of a proxy with /",
    gitRemote({ proxy: { secretRef: { name: "a/b" } } }),
    ["spec.proxy.secretRef.name must"],
  ],
  ["a record at another's", gitRemote({ record: { remoteRef: { name: "A" } } }), ["spec.record.remoteRef.name must"]],
  [
    "authors in another's ConfigMap",
    gitRemote({ commit: { authors: { configMapRef: { name: "a/b" } } } }),
    ["spec.commit.authors.configMapRef.name must be the name of a ConfigMap"],
  ],
  [
    "a subject without the summary",
    gitRemote({ commit: { subjectTemplate: "x" } }),
    ["subjectTemplate must", "{summary}"],
  ],
  [
    "a subject of two lines",
    gitRemote({ commit: { subjectTemplate: "{summary}\nx: y" } }),
    ["subjectTemplate must be one line"],
  ],
  [
    "a subject with other braces",
    gitRemote({ commit: { subjectTemplate: "{summary} {sha}" } }),
    ["only {summary}, {user}"],
  ],
  [
    "signing without a key",
    gitRemote({ commit: { signing: { type: "SSH" } } }),
    ["spec.commit.signing.secretRef", "Required"],
  ],
  [
    "signing by another type",
    gitRemote({ commit: { signing: { type: "x509", secretRef: { name: "a" } } } }),
    ["spec.commit.signing.type", "SSH", "OpenPGP"],
  ],
  [
    "signing with another's Secret",
    gitRemote({ commit: { signing: { type: "SSH", secretRef: { name: "a/b" } } } }),
    ["spec.commit.signing.secretRef.name must be the name of a Secret"],
  ],
  ["a space in the url", gitRemote({ url: "https://h/a b" }), ["spec.url must be a URL with a host"]],
  ["a Secret without name", gitRemote({ secretRef: {} }), ["spec.secretRef.name", "Required value"]],
  ["an empty Secret name", gitRemote({ secretRef: { name: "" } }), ["spec.secretRef.name must be"]],
  ["a prefix outside refs/", gitRemote({ record: { prefix: "heads/x" } }), ["spec.record.prefix must be", "refs/"]],
  ["a prefix with ..", gitRemote({ record: { prefix: "refs/a..b" } }), ["spec.record.prefix must be"]],
  ["a prefix ending in /", gitRemote({ record: { prefix: "refs/a/" } }), ["spec.record.prefix must be"]],
  ["an unknown commit.author", gitRemote({ commit: { author: "person" } }), ["spec.commit.author", '"Person"']],
  ["a template without {user}", template("x@example.com"), ["emailTemplate must be", "{user}@example.com"]],
  ["a template with <", template("<{user}@example.com>"), ["emailTemplate must be"]],
  ["a committer without @", committer({ email: "bot" }), ["spec.commit.committer.email must be"]],
  ["a committer with a line break", committer({ name: "a\nb" }), ["spec.commit.committer.name must be"]],
  ["a blank committer", committer({ name: " " }), ["spec.commit.committer.name must be"]],
  ["a bad timeout", gitRemote({ timeout: "soon" }), ["spec.timeout must be a duration", "60s"]],
  ["a timeout of 0", gitRemote({ timeout: "0s" }), ["spec.timeout must be a duration from 1s"]],
  ["a timeout beyond all", gitRemote({ timeout: "99999999999999999h" }), ["spec.timeout"]],

  ["no remote", capture({ remote: undefined }), ["spec.remote", "Required value"]],
  ["an empty remote name", capture({ remote: { name: "" } }), ["spec.remote.name must be the name of a GitRemote"]],
  ["a remote name with /", capture({ remote: { name: "a/b" } }), ["spec.remote.name must be the name of a GitRemote"]],
  ["no path", capture({ path: undefined }), ["spec.path", "Required value"]],
  ["an absolute path", capture({ path: "/etc" }), ["spec.path must be relative", "take the leading / off"]],
  ["a path with ..", capture({ path: "apps/../../etc" }), ["spec.path must not leave the repository"]],
  ["the path ..", capture({ path: ".." }), ["spec.path must not leave the repository"]],
  ["a path with .", capture({ path: "./apps" }), ["spec.path must not hold ."]],
  ["a path with //", capture({ path: "a//b" }), ["spec.path must not hold . or empty segments"]],
  ["a path ending in /", capture({ path: "apps/" }), ["spec.path must not hold . or empty segments", "end in /"]],
  ["a path with \\", capture({ path: "apps\\shop" }), ["spec.path must not hold \\"]],
  ["a path with a line break", capture({ path: "apps\nshop" }), ["spec.path must not hold \\ or control"]],
  ["a path in .github", capture({ path: ".github/workflows" }), ["spec.path must not name a folder that Git"]],
  ["a path in .GIT", capture({ path: "a/.GIT/hooks" }), ["spec.path must not name a folder that Git"]],
  ["a path in .gitops", capture({ path: ".gitops/shop" }), ["spec.path must not name a folder that Git"]],
  ["a path in .github.", capture({ path: ".github./workflows" }), ["spec.path must be a path on every file system"]],
  ["a path with :", capture({ path: "apps/a:b" }), ["spec.path must be a path on every file system"]],
  ["a path that ends in a space", capture({ path: "apps /b" }), ["spec.path must be a path on every file system"]],
  ["a branch with refs/heads/", capture({ branch: "refs/heads/main" }), ["spec.branch", "leave refs/heads/ out"]],
  ...["a b", "a..b", "-a", "a.lock", "a/", "/a", ".a", "a/.b", "a~1", "a:b", "a\\b", "a[", "@", "a@{1}", "a."].map(
    (branch) => [`the branch ${branch}`, capture({ branch }), ["spec.branch must be a valid branch name"]] as const,
  ),
  ["a ServiceAccount with /", capture({ serviceAccountName: "a/b" }), ["spec.serviceAccountName must be"]],
  ["include without kinds", include({ groups: ["*"] }), ["spec.resources.include[0].kinds", "Required value"]],
  ["a resource for a kind", include({ groups: ["*"], kinds: ["deployments"] }), ["include[0].kinds[0]", "Deployment"]],
  ["a group with version", include({ groups: ["apps/v1"], kinds: ["*"] }), ["include[0].groups[0]", "without version"]],
  [
    "a name with its kind",
    include({ groups: [""], kinds: ["*"], names: ["configmap/a"] }),
    ["spec.resources.include[0].names[0]", "without kind or namespace"],
  ],
  ["no names at all", include({ groups: [""], kinds: ["*"], names: [] }), ["spec.resources.include[0].names"]],
  [
    "In without values",
    capture({ resources: { selector: { matchExpressions: [{ key: "a", operator: "In" }] } } }),
    ["spec.resources.selector.matchExpressions[0]", "needs values with In and NotIn"],
  ],
  [
    "Exists with values",
    capture({ resources: { selector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } } }),
    ["spec.resources.selector.matchExpressions[0]", "none with Exists and DoesNotExist"],
  ],
  [
    "another operator",
    capture({ resources: { selector: { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] } } }),
    ["spec.resources.selector.matchExpressions[0].operator", "Unsupported value"],
  ],
  ["no kinds at all", include({ groups: ["apps"], kinds: [] }), ["spec.resources.include[0].kinds"]],
  ["an unknown prune mode", capture({ prune: { mode: "Never" } }), ["spec.prune.mode", '"Delete", "Keep"']],
  ["a negative confirmAbove", capture({ prune: { confirmAbove: -1 } }), ["spec.prune.confirmAbove"]],
  [
    "a template without its mode",
    capture({ layout: { template: "{kind}/{name}.yaml" } }),
    ["spec.layout", "spec.layout.template is required with mode Template"],
  ],
  [
    "a mode without its template",
    capture({ layout: { mode: "Template" } }),
    ["spec.layout", "spec.layout.template is required with mode Template"],
  ],
  ["an unknown winner", capture({ onConflict: "Mine" }), ["spec.onConflict", '"Hold", "ClusterWins", "GitWins"']],
  ["an unknown layout", capture({ layout: { mode: "flat" } }), ["spec.layout.mode", '"Flat", "ByNamespace", "ByKind"']],
  ["a bad quiet period", batching({ quietPeriod: "3" }), ["spec.batching.quietPeriod must be a duration", "3s"]],
  ["a bad longest wait", batching({ maxWait: "1d" }), ["spec.batching.maxWait must be a duration", "30s"]],
  [
    "a quiet period longer than the longest wait",
    batching({ quietPeriod: "1m" }),
    ["spec.batching.quietPeriod", "must not be longer than spec.batching.maxWait"],
  ],
  ["an unknown managedBy", capture({ managedBy: { helm: "Keep" } }), ["spec.managedBy.helm", '"Skip", "Adopt"']],
  ["unknown defaults", capture({ fields: { defaults: "Remove" } }), ["spec.fields.defaults", '"Keep", "Drop"']],
  ["an ignored field without kinds", ignore({ paths: ["/spec"] }), ["spec.fields.ignore[0].kinds", "Required value"]],
  [
    "an ignored field of a resource",
    ignore({ kinds: ["deployments"], paths: ["/spec/replicas"] }),
    ["ignore[0].kinds[0]", "Deployment.apps"],
  ],
  [
    "a path that is no pointer",
    ignore({ kinds: ["*"], paths: ["spec.replicas"] }),
    ["ignore[0].paths[0]", "begin with /"],
  ],
  ["an empty pointer", ignore({ kinds: ["*"], paths: [""] }), ["ignore[0].paths[0]", "begin with /"]],
  ["a pointer with a lone ~", ignore({ kinds: ["*"], paths: ["/metadata/annotations/a~b"] }), ["write ~1 for a /"]],
  ...["/*", "/*/name", "/kind", "/apiVersion", "/metadata", "/metadata/name", "/metadata/*", "/metadata/namespace"].map(
    (path) =>
      [`ignoring ${path}`, ignore({ kinds: ["*"], paths: [path] }), ["must not cover", "metadata.name"]] as const,
  ),
  [
    "an allowed field that is no pointer",
    allow({ kinds: ["*"], paths: ["data"] }),
    ["spec.secrets.allow[0].paths[0]", "begin with /"],
  ],
  ["a suspend that is no boolean", capture({ suspend: "yes" }), ["spec.suspend", "boolean"]],
  ["an unknown field", capture({ protekt: { mode: "Pause" } }), ["spec.protekt", "unknown field"]],
  [
    "a protection that there is none of",
    capture({ protect: { mode: "Off" } }),
    ["spec.protect.mode", '"None", "Pause"'],
  ],
  ["another delivery", capture({ delivery: { mode: "PullRequest" } }), ["spec.delivery.mode", '"Push", "Detect"']],
  ["a drift that never is one", capture({ drift: { after: "200h" } }), ["spec.drift.after must be a duration"]],
  ["a Notifier without a type", notifier({ type: undefined }), ["spec.type", "Required value"]],
  ["a Notifier without a Secret", notifier({ secretRef: undefined }), ["spec.secretRef", "Required value"]],
  ["a webhook with a channel", notifier({ type: "Webhook" }), ["spec.channel goes with type Slack alone"]],
  ["a reminder every second", notifier({ repeatAfter: "1s" }), ["spec.repeatAfter must be a duration of at least 1m"]],
  ["a link that is a script", notifier({ links: { object: "javascript:x" } }), ["spec.links.object must be a URL"]],
  ["buttons for nobody", notifier({ buttons: { people: [] } }), ["spec.buttons.people", "at least 1 items"]],
  [
    "a person by their name",
    notifier({ buttons: { people: [{ slack: "@alice", user: "alice" }] } }),
    ["spec.buttons.people[0].slack"],
  ],
];

const right: readonly (readonly [what: string, object: object])[] = [
  ["http with allowInsecure", gitRemote({ url: "http://127.0.0.1:8080/a.git", allowInsecure: true })],
  ["ssh", gitRemote({ url: "ssh://git@h:2222/~a/r.git", secretRef: { name: "a" } })],
  ["ssh without a user", gitRemote({ url: "ssh://h/r.git", secretRef: { name: "a" } })],
  [
    "all of a remote",
    gitRemote({
      access: "ReadOnly",
      proxy: { secretRef: { name: "proxy" } },
      record: { remoteRef: { name: "audit" } },
      commit: {
        authors: { configMapRef: { name: "people" } },
        subjectTemplate: "OPS-7 [{cluster}/{namespace}/{capture}] {summary} ({user})",
        signing: { type: "OpenPGP", secretRef: { name: "signing" } },
      },
    }),
  ],
  ["an IPv6 host", gitRemote({ url: "https://[::1]:8443/a.git" })],
  ["an @ in the path of the url", gitRemote({ url: "https://h/@team/a.git" })],
  ["a record below refs/heads", gitRemote({ record: { prefix: "refs/heads/clickscribe" } })],
  ["everything about commits", committer({ name: "Büro-Bot 2", email: "bot@example.com" })],
  ["an e-mail template", template("{user}+k8s@example.com")],
  ["the root as path", capture({ path: "" })],
  ["a path in another script", capture({ path: "приложения/shop-1" })],
  ["a path with dots", capture({ path: ".config/v1.2/a b" })],
  ["a branch with folders", capture({ branch: "env/prod-1.0" })],
  ["no ServiceAccount", capture({ serviceAccountName: "" })],
  ["no waiting at all", batching({ quietPeriod: "0s", maxWait: "0s" })],
  ["confirmation of each deletion", capture({ prune: { confirmAbove: 0 } })],
  ["ignored fields", ignore({ kinds: ["Deployment", "Certificate.cert-manager.io"], paths: ["/spec/replicas"] })],
  [
    "items by key",
    ignore({
      kinds: ["*"],
      paths: ["/spec/template/spec/containers/name=istio-*/image", "/metadata/annotations/a~1b"],
    }),
  ],
  [
    "fields of lists",
    ignore({ kinds: ["*"], paths: ["/spec/ports/*/nodePort", "/metadata/labels/*", "/metadata/namesake"] }),
  ],
  ["an allowed field", allow({ kinds: ["ConfigMap"], paths: ["/data/example.pem"] })],
  ["adopting all", capture({ managedBy: { gitops: "Adopt", helm: "Adopt", olm: "Adopt", operators: "Adopt" } })],
  ["some kinds", include({ groups: ["", "apps"], kinds: ["Deployment", "ConfigMap"] })],
];

function ignore(rule: Spec): object {
  return capture({ fields: { ignore: [rule] } });
}
function allow(rule: Spec): object {
  return capture({ secrets: { allow: [rule] } });
}
function template(emailTemplate: string): object {
  return gitRemote({ commit: { authors: { emailTemplate } } });
}
function committer(it: Spec): object {
  return gitRemote({ commit: { committer: it } });
}
function include(pattern: Spec): object {
  return capture({ resources: { include: [pattern] } });
}
function batching(it: Spec): object {
  return capture({ batching: it });
}

describe("the API", () => {
  let cluster: ControlPlane;
  const kubectl = async (...args: readonly string[]): Promise<string> => (await cluster.kubectl(args)).stdout;
  const create = (object: object, dryRun = true): Promise<{ code: number; stdout: string; stderr: string }> =>
    cluster.kubectl(["create", "-f", "-", "-o", "json", ...(dryRun ? ["--dry-run=server"] : [])], {
      input: JSON.stringify(object),
      check: false,
    });

  before(async () => {
    cluster = await startControlPlane({ controllerManager: false, progress: () => undefined });
    await kubectl("apply", "-f", crds);
    await established(cluster);
  });
  after(() => cluster.stop());

  for (const [what, object, words] of wrong) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await create(object);
      assert.notEqual(code, 0, "it was accepted");
      for (const word of words) assert.ok(stderr.includes(word), `${JSON.stringify(word)} is not in: ${stderr}`);
      assert.ok(!stderr.includes("no such overload"), stderr);
    });
  }

  for (const [what, object] of right) {
    it(`accepts ${what}`, async () => {
      const { code, stderr } = await create(object);
      assert.equal(code, 0, stderr);
    });
  }

  for (const [what, object] of right) {
    const path = (object as { readonly spec: { readonly path?: string } }).spec.path;
    if (path === undefined) continue;
    it(`accepts no path that the operator would refuse: ${what}`, () => {
      assert.deepEqual(parseCapturePath(path), { ok: true, path });
    });
  }

  it("fills in the defaults", async () => {
    const remoteSpec = JSON.parse((await create(gitRemote({}), false)).stdout).spec;
    assert.deepEqual(remoteSpec, {
      url,
      allowInsecure: false,
      access: "ReadWrite",
      record: { prefix: "refs/clickscribe" },
      commit: {
        author: "Person",
        committer: { name: "clickscribe", email: "clickscribe@clickscribe.invalid" },
        subjectTemplate: "{summary}",
      },
      timeout: "60s",
    });
    const captureSpec = JSON.parse((await create(capture({}), false)).stdout).spec;
    assert.deepEqual(captureSpec, {
      remote,
      path: "apps/shop",
      branch: "",
      resources: { include: [{ groups: ["*"], kinds: ["*"] }], exclude: [], selector: {}, optIn: false },
      managedBy: { gitops: "Skip", helm: "Skip", olm: "Skip", operators: "Skip" },
      fields: { ignore: [], defaults: "Keep" },
      secrets: { allow: [] },
      prune: { mode: "Delete", confirmAbove: 10 },
      layout: { mode: "Neighbours" },
      onConflict: "Hold",
      delivery: { mode: "Push" },
      drift: { after: "10m" },
      protect: { mode: "None" },
      batching: { quietPeriod: "3s", maxWait: "30s" },
      suspend: false,
    });
    // What is read from a file without an API server, for a plan, gets the same.
    const read = parseSpecs(
      [gitRemote({}), capture({})].map((object) => JSON.stringify(object)).join("\n---\n"),
      "default",
    );
    assert.ok(read.ok);
    assert.deepEqual([read.remotes[0]?.spec, read.captures[0]?.spec], [remoteSpec, captureSpec]);
  });

  for (const [field, patch] of [
    ["spec.remote.name", { remote: { name: "other" } }],
    ["spec.branch", { branch: "other" }],
    ["spec.path", { path: "other" }],
  ] as const) {
    it(`refuses another ${field} later`, async () => {
      const args = ["patch", "capture", "shop", "--type=merge", "-p", JSON.stringify({ spec: patch })];
      const { code, stderr } = await cluster.kubectl(args, { check: false });
      assert.notEqual(code, 0);
      assert.ok(stderr.includes(`${field} cannot be changed: make a new Capture`), stderr);
    });
  }

  it("keeps the status out of the hands of who writes the spec", async () => {
    const object = { ...capture({}, "forged"), status: { observedGeneration: 7 } };
    assert.equal(JSON.parse((await create(object, false)).stdout).status, undefined);
  });

  it("prints what a person looks for", async () => {
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const ready = { type: "Ready", status: "False", reason: "Diverged", message: "1 object", lastTransitionTime: now };
    const synced = { ...ready, type: "Synced", status: "True", reason: "Applied" };
    const shop = { kind: "Application", namespace: "argocd", name: "shop", path: "apps/shop" };
    const warnings = [{ reason: "NotRecursive", message: "set it" }];
    const habits = { automatic: true, selfHeal: true, prune: true, suspended: false, interval: "10m" };
    const progress = { applied: "b".repeat(40), upToDate: true, health: "Healthy", failure: "none", reverts: 1 };
    const status = {
      observedGeneration: 1,
      conditions: [ready, synced],
      consumers: [{ ...shop, ...habits, ...progress, madeBy: "ApplicationSet all", warnings }],
      objects: { inScope: 34, inSync: 33, pending: 0, gitAhead: 0, diverged: 1, applying: 0 },
      drift: { count: 3, objects: [{ object: "ConfigMap default/a", sort: "ChangedInCluster", since: now }] },
      skipped: { ControllerOwned: 12 },
      notWatched: [{ group: "apps", kind: "Deployment", reason: "AccessDenied", message: "list deployments.apps" }],
      record: { ref: "refs/clickscribe/demo/c/default/shop", commit: "a".repeat(40) },
      source: { branch: "main", commit: "b".repeat(40), refusal: "declined", refusedUntil: now },
      deletionsWaiting: { count: 11, token: "t", objects: ["ConfigMap default/a"] },
      lastCommit: { commit: "b".repeat(40), at: now, subject: "web: scale 3 -> 5", author: "alice" },
    };
    const patch = [
      "patch",
      "capture",
      "shop",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ];
    await kubectl(...patch);
    assert.deepEqual(JSON.parse(await kubectl("get", "cap", "shop", "-o", "json")).status, status);
    const [head = "", row = ""] = (await kubectl("get", "cap", "shop")).split("\n");
    assert.match(head, /^NAME +READY +REASON +PATH +OBJECTS +DRIFT +SYNCED +LAST COMMIT +AGE$/);
    assert.match(row, /^shop +False +Diverged +apps\/shop +34 +3 +True +\d+s +\d+s$/);
    assert.match(await kubectl("get", "cap", "shop", "-o", "wide"), /web: scale 3 -> 5 +1 object/);
    assert.match(await kubectl("get", "gr"), /^NAME +READY +REASON +URL +AGE\nplatform +https:\/\/git\.example/);
    assert.match(await kubectl("get", "clickscribe"), /capture\.clickscribe\.dev\/shop[^]*gitremote\.clickscribe\.dev/);
  });

  it("explains every field", async () => {
    assert.match(await kubectl("explain", "capture.spec.path"), /folder of the repository to write to/);
    for (const kind of ["capture", "gitremote", "notifier"]) {
      const text = await kubectl("explain", kind, "--recursive");
      assert.match(text, /spec\t<\w+> -required-/);
    }
  });
});
