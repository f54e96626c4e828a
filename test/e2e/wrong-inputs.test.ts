/** Whatever is wrong, the operator says what, and what to do: on its command line, or on the object that caused it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import { lendSecret, operatorNamespace } from "../harness/install.ts";
import { startOperator } from "../harness/operator-process.ts";
import { captureObject, secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { clusterName, configMap, type Place, type PlaceOptions, startWorld, type World } from "./world.ts";

const credentials = { username: "clickscribe", password: "right-p4ssword" };

/** What stands in a namespace before its Capture, and what is then said on the Capture. */
interface Wrong {
  readonly what: string;
  readonly reason: string;
  readonly says: RegExp;
  readonly secret?: Readonly<Record<string, string>>;
  /** The operator may read the Secret `git`. Default: true. */
  readonly lent?: boolean;
  readonly options?: PlaceOptions;
  /** Of the GitRemote; made of the URLs of the two git servers. */
  readonly url?: (plain: string, secure: string) => string;
  readonly prepare?: (place: Place) => Promise<void>;
}

const wrongs: readonly Wrong[] = [
  {
    what: "a repository that does not exist",
    reason: "RepositoryNotFound",
    says: /nowhere\.git/,
    url: (plain) => `${plain}/nowhere.git`,
  },
  {
    what: "a wrong password",
    reason: "AuthenticationFailed",
    says: /renew the password or token in the Secret/,
    secret: { username: "clickscribe", password: "wrong-p4ssword", "ca.crt": "CA" },
    url: (_, secure) => `${secure}/own.git`,
  },
  {
    what: "a certificate of an unknown authority",
    reason: "CertificateUntrusted",
    says: /ca\.crt/,
    secret: credentials,
    url: (_, secure) => `${secure}/own.git`,
  },
  {
    what: "a server that does not answer",
    reason: "RemoteUnreachable",
    says: /127\.0\.0\.1:1\b/,
    url: () => "http://127.0.0.1:1/x.git",
  },
  {
    what: "a missing GitRemote",
    reason: "RemoteNotFound",
    says: /spec\.remote\.name: there is no GitRemote nowhere in /,
    options: { spec: { remote: { name: "nowhere" } } },
  },
  {
    what: "a missing Secret",
    reason: "SecretNotFound",
    says: /spec\.secretRef\.name: there is no Secret git in /,
    options: { secret: "git" },
  },
  {
    what: "a Secret that the operator may not read",
    reason: "AccessDenied",
    says: /get.*secrets.*git/,
    secret: credentials,
    lent: false,
  },
  {
    what: "a Secret without the keys",
    reason: "SecretInvalid",
    says: /holds the keys passwort, user: give it username and password, or bearerToken/,
    secret: { user: "x", passwort: "canary-s3cret" },
  },
  {
    what: "a ServiceAccount without rights",
    reason: "AccessDenied",
    says: /system:serviceaccount:\S+:nobody.*list.*configmaps/,
    options: {
      spec: { serviceAccountName: "nobody", resources: { include: [{ groups: [""], kinds: ["ConfigMap"] }] } },
    },
  },
  {
    what: "a folder that kustomize reads",
    reason: "UnsupportedLayout",
    says: /apps\/kustomization\.yaml/,
    options: { repository: { files: { "apps/kustomization.yaml": "resources: []\n" } } },
  },
  {
    what: "a kind that is not served",
    reason: "KindNotServed",
    says: /Gizmo.*example\.com/,
    options: { spec: { resources: { include: [{ groups: ["example.com"], kinds: ["Gizmo"] }] } } },
  },
  {
    what: "a repository without a default branch, and none named",
    reason: "BranchInvalid",
    says: /spec\.branch/,
    prepare: async ({ repository }) => {
      await repository.git("update-ref", "--no-deref", "HEAD", (await repository.tip()) ?? "");
    },
  },
  {
    what: "a record of a newer format",
    reason: "RecordNewer",
    says: /format 2, this version reads up to 1.*Run that version or a newer one/,
    prepare: async ({ repository, recordRef }) => {
      const oid = await repository.commitAsPerson({ branch: "tmp", files: { "meta/record.json": '{"format": 2}\n' } });
      await repository.git("update-ref", recordRef, oid);
    },
  },
];

describe("a wrong input", () => {
  let world: World;
  let secure: GitServer;
  before(async () => {
    world = await startWorld();
    secure = await startGitServer({ tls: true, auth: credentials });
    await secure.createRepository("own");
  });
  after(async () => {
    await secure.stop();
    await world.stop();
  });

  /** The namespace, its Secret and repository, then GitRemote and Capture. */
  async function place(namespace: string, wrong: Wrong): Promise<Place> {
    const { secret, lent = true, options = {}, url, prepare } = wrong;
    await world.plane.kubectl(["create", "namespace", namespace]);
    if (lent) await lendSecret(world.plane, namespace, "git");
    if (secret !== undefined) {
      const data = Object.fromEntries(
        Object.entries(secret).map(([key, value]) => [key, value === "CA" ? (secure.ca ?? "") : value]),
      );
      const input = JSON.stringify(secretObject("git", namespace, data));
      await world.plane.kubectl(["apply", "-f", "-"], { input });
    }
    const repository = await world.git.createRepository(namespace, options.repository);
    const recordRef = `refs/clickscribe/${clusterName}/c/${namespace}/all`;
    await prepare?.({ repository, recordRef } as Place);
    return await world.place(namespace, {
      ...options,
      existing: repository,
      wait: false,
      objects: [configMap("app", { x: "1" })],
      ...(secret !== undefined && { secret: "git" }),
      ...(url !== undefined && { url: url(world.git.url, secure.url) }),
    });
  }

  async function assertSaid(where: Place, reason: string, says: RegExp): Promise<void> {
    const condition = await waitFor(
      `${reason} ${says}`,
      async () => {
        const found = await where.ready();
        return found.reason === reason && says.test(found.message) ? found : undefined;
      },
      { timeoutMs: 20_000, seen: () => where.ready() },
    );
    assert.equal(condition.status, "False");
    assert.doesNotMatch(condition.message, /\n|p4ssword|s3cret| {4}at /);
  }

  for (const [i, wrong] of wrongs.entries()) {
    it(`${wrong.what} is ${wrong.reason} on the Capture`, async () => {
      const where = await place(`wrong-${i}`, wrong);
      const refs = await where.repository.refs();
      await assertSaid(where, wrong.reason, wrong.says);
      const heads = (all: Record<string, string>): object =>
        Object.fromEntries(Object.entries(all).filter(([ref]) => ref.startsWith("refs/heads/")));
      assert.deepEqual(heads(await where.repository.refs()), heads(refs));
      // What a retry may heal by itself is no Event.
      if (wrong.reason === "RemoteUnreachable") return;
      const event = await waitFor(
        `an Event of ${wrong.reason}`,
        async () => (await where.events("Stalled"))[0] ?? (await where.events("Refused"))[0],
      );
      assert.equal(event.type, "Warning");
    });
  }

  it("two Captures on one path: the later one is PathTaken", async () => {
    const first = await world.place("first", { objects: [configMap("app", { x: "1" })] });
    const second = await world.place("second", { existing: first.repository, wait: false });
    await assertSaid(second, "PathTaken", /Capture first\/all writes to apps of main already/);
    assert.equal((await first.ready()).status, "True");
    await waitFor("an Event", async () => (await second.events("Stalled", "all"))[0]);
  });

  it("a path out of the repository is refused by the API server", async () => {
    const object = captureObject({ name: "out", namespace: "first", remote: "platform", path: "../other" });
    const { code, stderr } = await world.plane.kubectl(["apply", "-f", "-"], {
      input: JSON.stringify(object),
      check: false,
    });
    assert.notEqual(code, 0);
    assert.match(stderr, /spec\.path/);
  });

  it("a URL that the flags do not admit is UrlForbidden", async () => {
    const where = await world.place("flags", { objects: [configMap("app", { x: "1" })] });
    await world.startOperator(["--allowed-git-hosts=git.example.com"]);
    await assertSaid(where, "UrlForbidden", /--allowed-git-hosts does not admit 127\.0\.0\.1/);
    await world.startOperator(["--allow-local-addresses=false"]);
    await assertSaid(where, "UrlForbidden", /a local address, which only --allow-local-addresses admits/);
    await world.startOperator(["--allow-plain-http=false"]);
    await assertSaid(where, "UrlForbidden", /begins with http:\/\/: .*--allow-plain-http/);
  });

  /** Runs until it ends; answers the line that it printed. */
  async function ended(kubeconfig: string, flags: readonly string[] = [], webhook = true): Promise<string> {
    const operator = await startOperator({ kubeconfig, clusterName, flags, webhook, waitUntilReady: false });
    const stop = setTimeout(() => void operator.kill(), 30_000);
    const code = await operator.exited;
    clearTimeout(stop);
    assert.equal(code, 1, operator.output.join("\n"));
    assert.equal(operator.output.length, 1, operator.output.join("\n"));
    const [line = ""] = operator.output;
    assert.match(line, /^clickscribe: /);
    assert.doesNotMatch(line, /unexpected:| {4}at /);
    return line;
  }

  it("of the command line: an API server that does not answer", async () => {
    const file = join(world.plane.folder, "elsewhere.json");
    const { stdout } = await world.plane.kubectl(["config", "view", "--raw", "--flatten"]);
    await writeFile(file, stdout.replace(world.plane.server, "https://127.0.0.1:1"));
    assert.match(await ended(file), /https:\/\/127\.0\.0\.1:1/);
  });

  it("of the command line: a kubeconfig that is missing, or is none", async () => {
    assert.match(await ended("/nonexistent/kubeconfig"), /\/nonexistent\/kubeconfig/);
    const file = join(world.plane.folder, "bad.yaml");
    await writeFile(file, "a: [b\n");
    assert.match(await ended(file), /bad\.yaml/);
    assert.match(await ended(world.kubeconfig, ["--context=nowhere"]), /nowhere/);
  });

  it("of the command line: a port that is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    assert.match(
      await ended(world.kubeconfig, [`--http-port=${port}`]),
      new RegExp(`127\\.0\\.0\\.1:${port} is taken.*--http-port`),
    );
    assert.match(
      await ended(world.kubeconfig, [`--webhook-port=${port}`]),
      new RegExp(`${port} is taken.*--webhook-port`),
    );
    await new Promise((resolve) => server.close(resolve));
  });

  it("of the command line: missing rights, by the rule to add", async () => {
    const powerless = await world.plane.serviceAccountKubeconfig(operatorNamespace, "powerless");
    assert.match(await ended(powerless, [], false), /list.*gitremotes.*clickscribe\.dev/);
    assert.match(await ended(powerless), /patch.*validatingwebhookconfigurations/);
  });

  it("of the command line: CRDs that are not installed", async () => {
    await world.kill();
    await world.plane.kubectl(["delete", "crd", "captures.clickscribe.dev", "gitremotes.clickscribe.dev"]);
    assert.match(await ended(world.kubeconfig), /kubectl apply -f crds\//);
  });
});
