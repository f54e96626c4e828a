import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { fakeKinds } from "../../test/fakes/cluster.ts";
import { type CliCluster, createCliCluster, say } from "../../test/fakes/command-line.ts";
import { retry } from "../failures.ts";
import type { Context } from "./command.ts";

const url = "https://git.example.com/acme/platform.git";
const remote = ["create", "remote", "platform", "--url", url];
const capture = ["create", "capture", "shop", "--remote", "platform", "--path", "apps/shop"];
const typed = (text: string): Partial<Context> => ({ readText: (file) => (file === "-" ? text : "") });

// oxlint-disable-next-line typescript/no-explicit-any -- YAML, read by tests that know what they asked for
function documents(text: string): readonly any[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

describe("create --export", () => {
  it("prints a GitRemote and what lends its Secret to the operator, and asks no cluster", async () => {
    const { code, out, err } = await say([...remote, "--secret", "git", "--export"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(
      out,
      `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: clickscribe-remote-platform
  labels:
    app.kubernetes.io/managed-by: clickscribe
rules:
- apiGroups:
  - ""
  resourceNames:
  - git
  resources:
  - secrets
  verbs:
  - get
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: clickscribe-remote-platform
  labels:
    app.kubernetes.io/managed-by: clickscribe
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: clickscribe-remote-platform
subjects:
- kind: ServiceAccount
  name: clickscribe
  namespace: clickscribe-system
---
apiVersion: clickscribe.dev/v1alpha1
kind: GitRemote
metadata:
  name: platform
spec:
  secretRef:
    name: git
  url: ${url}
`,
    );
  });

  it("makes the Secret from standard input, and says all that is given", async () => {
    const flags =
      "--username bot --password-stdin --export -n shop --author Committer --email-template {user}@a.example --committer-name Bot --committer-email b@a.example --record-prefix refs/heads/clickscribe --operator-namespace ops --operator-service-account scribe";
    const { out } = await say([...remote, ...flags.split(" ")], undefined, typed("hunter2\n"));
    const [secret, role, binding, made] = documents(out);
    assert.deepEqual(secret.stringData, { username: "bot", password: "hunter2" });
    assert.deepEqual(role.rules[0].resourceNames, ["platform"]);
    assert.deepEqual(binding.subjects, [{ kind: "ServiceAccount", name: "scribe", namespace: "ops" }]);
    assert.deepEqual(
      [secret, role, binding, made].map(({ metadata }) => metadata.namespace),
      ["shop", "shop", "shop", "shop"],
    );
    assert.deepEqual(made.spec, {
      url,
      secretRef: { name: "platform" },
      record: { prefix: "refs/heads/clickscribe" },
      commit: {
        author: "Committer",
        authors: { emailTemplate: "{user}@a.example" },
        committer: { name: "Bot", email: "b@a.example" },
      },
    });
  });

  it("makes the Secret of an SSH key, and lends the operator all that the GitRemote names", async () => {
    const ssh = "ssh://git@git.example.com:2222/acme/platform.git";
    const flags =
      "--private-key key --known-hosts hosts --password-stdin --proxy-secret proxy --signing-secret sign --signing-type OpenPGP --authors people --record-remote audit --access ReadOnly --export";
    const files: Readonly<Record<string, string>> = {
      "-": "a phrase\n",
      key: "-----BEGIN OPENSSH PRIVATE KEY-----\n",
      hosts: "# checked\n|1|a|b ssh-ed25519 AAAA\n",
    };
    const said = await say(
      ["create", "remote", "platform", "--url", ssh, "--subject-template", "OPS-7 {summary}", ...flags.split(" ")],
      undefined,
      { readText: (file) => files[file] ?? "" },
    );
    assert.equal(said.err, "");
    const [secret, role, , made] = documents(said.out);
    assert.deepEqual(secret.stringData, { identity: files["key"], known_hosts: files["hosts"], password: "a phrase" });
    assert.deepEqual(
      role.rules.map(({ resources, resourceNames, verbs }: Record<string, unknown>) => [
        resources,
        resourceNames,
        verbs,
      ]),
      [
        [["secrets"], ["platform", "proxy", "sign"], ["get"]],
        [["configmaps"], ["people"], ["get"]],
      ],
    );
    assert.deepEqual(made.spec, {
      url: ssh,
      secretRef: { name: "platform" },
      access: "ReadOnly",
      proxy: { secretRef: { name: "proxy" } },
      record: { remoteRef: { name: "audit" } },
      commit: {
        authors: { configMapRef: { name: "people" } },
        subjectTemplate: "OPS-7 {summary}",
        signing: { type: "OpenPGP", secretRef: { name: "sign" } },
      },
    });
  });

  it("prints an anonymous GitRemote alone", async () => {
    const { out } = await say([...remote, "--export"]);
    assert.deepEqual(
      documents(out).map(({ kind }) => kind),
      ["GitRemote"],
    );
  });

  it("prints a Capture with what is given, and nothing else", async () => {
    const { out } = await say([...capture, "--export"]);
    assert.deepEqual(documents(out)[0].spec, { remote: { name: "platform" }, path: "apps/shop" });
    const flags =
      "--export --branch main --service-account sa --include ConfigMap --include apps/* --exclude */Job --prune Keep --confirm-above 0 --layout ByKind --quiet-period 1s --max-wait 5s";
    const all = await say([...capture, ...flags.split(" ")]);
    assert.deepEqual(documents(all.out)[0].spec, {
      remote: { name: "platform" },
      path: "apps/shop",
      branch: "main",
      serviceAccountName: "sa",
      resources: {
        include: [
          { groups: [""], kinds: ["ConfigMap"] },
          { groups: ["apps"], kinds: ["*"] },
        ],
        exclude: [{ groups: ["*"], kinds: ["Job"] }],
      },
      prune: { mode: "Keep", confirmAbove: 0 },
      layout: { mode: "ByKind" },
      batching: { quietPeriod: "1s", maxWait: "5s" },
    });
  });
});

describe("create", () => {
  const kinds = [
    ...fakeKinds,
    { group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", resource: "roles", namespaced: true },
    {
      group: "rbac.authorization.k8s.io",
      version: "v1",
      kind: "RoleBinding",
      resource: "rolebindings",
      namespaced: true,
    },
  ].map((kind) => ({ verbs: [], subresources: [], ...kind }));

  /** A cluster whose operator says this of a GitRemote as soon as it is there. */
  function cluster(status: string | undefined): CliCluster {
    const made = createCliCluster(kinds);
    const apply: CliCluster["apply"] = async (object, options) => {
      const stored = await made.apply(object, options);
      if (status === undefined || object["kind"] !== "GitRemote") return stored;
      const conditions = [{ type: "Ready", status, reason: "AuthenticationFailed", message: "answered" }];
      made.put({ ...stored, status: { observedGeneration: 9, conditions } });
      return stored;
    };
    return { ...made, apply };
  }

  it("applies in order and waits until it is ready", async () => {
    const made = cluster("True");
    const said = await say([...remote, "--username", "bot", "--password-stdin"], made, typed("p"));
    assert.deepEqual(said, {
      code: 0,
      err: "",
      out: "Secret platform: applied\nRole clickscribe-remote-platform: applied\nRoleBinding clickscribe-remote-platform: applied\nGitRemote platform: applied\nGitRemote platform: ready: answered\n",
    });
    const places = made.done.applied.map(({ metadata }) => (metadata as { readonly namespace: string }).namespace);
    assert.deepEqual(places, ["shop", "shop", "shop", "shop"]);
  });

  it("says in the API server's words that the namespace is not there", async () => {
    const made = cluster("True");
    const said = 'namespaces "shpo" not found';
    made.apply = () => Promise.reject(retry("InternalError", `answers PATCH with 404: ${said}`, { status: 404, said }));
    assert.deepEqual(await say([...remote, "-n", "shpo"], made), { code: 1, out: "", err: `clickscribe: ${said}\n` });
  });

  it("fails when it does not become ready, or nobody answers", async () => {
    const denied = await say(remote, cluster("False"));
    assert.deepEqual([denied.code, denied.out.split("\n")[1]], [1, "GitRemote platform: not ready: answered"]);
    const silent = await say([...remote, "--timeout", "2s"], cluster(undefined));
    assert.equal(silent.code, 1);
    assert.match(silent.err, /GitRemote platform: the operator has not answered within 2s/);
    assert.equal((await say([...remote, "--wait=false"], cluster(undefined))).code, 0);
  });

  const wrong: readonly (readonly [argv: string, complaint: string])[] = [
    ["create remote a", "--url (or CLICKSCRIBE_URL) is required: such as https://git.example.com/acme/platform.git"],
    [
      "create remote a --url https://me:pw@h/r.git",
      '--url must be the https:// or ssh:// URL of a repository, without credentials, query and fragment, not "https://h/r.git"',
    ],
    [
      "create remote a --url ssh://git@h/r.git",
      "--secret, or --private-key and --known-hosts, is required for a URL that begins with ssh://",
    ],
    [
      "create remote a --url ssh://git@h/r.git --private-key k",
      "--private-key and --known-hosts go together: they make the Secret",
    ],
    [
      "create remote a --url ssh://git@h/r.git --username git --password-stdin",
      "--username is for https://: the user of ssh:// stands in the URL, as in ssh://git@host/path",
    ],
    ["create remote a --url http://h/r", "--url begins with http://: use https://, or give --allow-insecure too"],
    [
      "create remote a --url https://h/r --username b",
      "--username and --password-stdin go together: they make the Secret",
    ],
    [
      "create remote --url https://h/r",
      "create remote needs NAME, the name of the GitRemote: see clickscribe create remote --help",
    ],
    ["create capture A --remote r --path p", 'NAME must be lower case letters, digits, - and ., not "A"'],
    ["create capture a --remote r --path p --prune x", '--prune must be one of Delete, Keep, not "x"'],
    ["create", ""],
    [
      "create remotes x",
      'create is followed by remote or capture or consumer, not "remotes"; did you mean create remote?',
    ],
  ];
  for (const [argv, complaint] of wrong) {
    it(`refuses ${argv}`, async () => {
      const { code, out, err } = await say(argv.split(" "));
      assert.deepEqual([code, out], [2, ""]);
      if (complaint !== "") assert.equal(err, `clickscribe: ${complaint}\n`);
      else assert.match(err, /^Usage: clickscribe create \.\.\.\n\n {2}create remote /);
    });
  }

  const one = "create remote a --url https://h/r.git";
  const some = "create capture a --remote r --path p";
  const refused: readonly (readonly [line: string, flag: string, value: string])[] = [
    ["create remote a", "--url", "https://h/r.git\n---\nkind: Secret"],
    [one, "--record-prefix", "refs/heads/x.lock"],
    [one, "--record-prefix", "clickscribe"],
    [one, "--email-template", "me@example.com"],
    [one, "--committer-name", "a\nkind: Secret"],
    [one, "--committer-name", "<bot>"],
    [one, "--committer-email", "bot"],
    [some, "--branch", "refs/heads/main"],
    [some, "--branch", "a b"],
    [some, "--branch", "a/.b"],
    [some, "--branch", "x.lock"],
    [some, "--quiet-period", "0"],
    [some, "--quiet-period", "61m"],
    [some, "--max-wait", "99999999h"],
    [`${some} --max-wait 1s`, "--quiet-period", "1m"],
  ];
  for (const [line, flag, value] of refused) {
    it(`refuses ${flag} ${JSON.stringify(value)}, as the API server would`, async () => {
      const { code, out, err } = await say([...line.split(" "), flag, value, "--export"]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, new RegExp(`^clickscribe: ${flag} must [^\\n]*\\n$`));
    });
  }

  it("refuses what the API would, and an empty password, without a word of the input", async () => {
    const path = await say([...capture.slice(0, -1), "../up", "--export"]);
    assert.equal(path.code, 1);
    assert.match(path.err, /^clickscribe: spec\.path/);
    const empty = await say([...remote, "--username", "bot", "--password-stdin", "--export"], undefined, typed("\n"));
    assert.match(empty.err, /standard input is empty/);
    const two = await say([...remote, "--username", "bot", "--password-stdin"], undefined, typed("secret\nmore\n"));
    assert.equal(two.err, "clickscribe: --password-stdin: standard input has more than one line\n");
  });
});
