/**
 * A newcomer's hour: the commands of the README, word for word, in one shell, by the real helm, kubectl and npx on a real
 * API server, with the operator as Pods of its image and a git server with TLS and a password; and then the last day.
 *
 * What the machine of the newcomer has beside an empty folder with the checkout: a kubeconfig, a CA that its git server was
 * signed by (CLICKSCRIBE_CA_FILE), and a name for that server, which stands on loopback (CLICKSCRIBE_ALLOW_LOCAL_ADDRESSES).
 * Nothing is added to any command.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { configMap } from "../e2e/world.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { image } from "../harness/image.ts";
import { operatorNamespace, root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type Pods, startPods } from "../pods/pods.ts";
import { resolvePart } from "./parts/parts.ts";

const gitHost = "git.example.com";
const gitUser = "bot";
const gitToken = "a-token-of-the-newcomer";
const secondsAllowed = 300;

/** What stands between a heading of the README and the next. */
function section(readme: string, heading: string): string {
  const [, text] = readme.split(`\n### ${heading}\n`);
  assert.ok(text, `README.md has no section ${heading}`);
  return text.split(/\n##+ /)[0] ?? "";
}

const shellBlocks = (text: string): readonly string[] =>
  [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? "");

interface Ran {
  readonly block: string;
  /** Standard output and error, as they come. */
  readonly output: string;
  readonly seconds: number;
}

interface Session {
  readonly ran: readonly Ran[];
  /** What came after the last block that ended well. */
  readonly rest: string;
  readonly code: number;
}

describe("a newcomer with the README", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  let readme = "";
  let plane: ControlPlane;
  let git: GitServer;
  let pods: Pods;
  let repository: TestRepository;
  let folder = "";
  let environment: Readonly<Record<string, string>> = {};
  let beforeMs = 0;

  before(async () => {
    const progress = (): void => undefined;
    readme = await readFile(join(root, "README.md"), "utf8");
    const helm = await resolvePart("helm");
    plane = stack.use(await startControlPlane({ progress, pods: true }));
    git = await startGitServer({ tls: true, names: [gitHost], auth: { username: gitUser, password: gitToken } });
    stack.defer(() => git.stop());
    repository = await git.createRepository("acme/platform");
    // The same port on both sides, so that one URL is right for the newcomer and for Pods.
    const services = [{ name: gitHost, port: git.port, to: git.port }];
    const built = await image(progress);
    pods = stack.use(await startPods({ controlPlane: plane, image: built, namespaces: [operatorNamespace], services }));
    await plane.kubectl(["create", "clusterrolebinding", "alice", "--clusterrole=cluster-admin", "--user=alice"]);
    folder = await mkdtemp(join(tmpdir(), "clickscribe-newcomer-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const tools = join(folder, "tools");
    await Promise.all(["tools", "home", "checkout"].map((name) => mkdir(join(folder, name))));
    await symlink(helm, join(tools, "helm"));
    await symlink(plane.binaries.kubectl, join(tools, "kubectl"));
    for (const name of ["charts", "node_modules", "operator", "package.json"]) {
      await symlink(join(root, name), join(folder, "checkout", name));
    }
    await writeFile(join(folder, "ca.pem"), git.ca ?? "");
    await writeFile(join(folder, "hosts"), `127.0.0.1 localhost ${gitHost}\n`);
    environment = {
      PATH: [tools, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      HOME: join(folder, "home"),
      KUBECONFIG: await plane.kubeconfig("alice"),
      CLICKSCRIBE_CA_FILE: join(folder, "ca.pem"),
      CLICKSCRIBE_ALLOW_LOCAL_ADDRESSES: "true",
    };
  });
  after(() => stack.disposeAsync());

  /** In one shell that ends with the first command that fails. */
  const runInShell = async (blocks: readonly string[]): Promise<Session> => {
    const mark = "@@newcomer";
    const stamp = `echo "${mark} $EPOCHREALTIME"\n`;
    await writeFile(
      join(folder, "session.sh"),
      `exec 2>&1\n${stamp}${blocks.map((block) => `${block}${stamp}`).join("")}`,
    );
    const own = 'mount --bind "$1/hosts" /etc/hosts && cd "$1/checkout" && exec bash -eu "$1/session.sh"';
    const args = ["--mount", "sh", "-c", own, "sh", folder];
    const [code, all] = await new Promise<[number, string]>((resolve) => {
      const child = execFile("unshare", args, { env: environment, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        resolve([error === null ? 0 : Number(error.code ?? 1), stdout + stderr]);
      });
      child.stdin?.end();
    });
    const [, ...pieces] = all.split(`${mark} `);
    const told = pieces.map((piece) => {
      const end = piece.indexOf("\n");
      return { at: Number(piece.slice(0, end)), output: piece.slice(end + 1) };
    });
    const ran = told.slice(1).map(({ at }, index) => ({
      block: blocks[index] ?? "",
      output: told[index]?.output ?? "",
      seconds: at - (told[index]?.at ?? 0),
    }));
    return { ran, rest: told.at(-1)?.output ?? all, code };
  };

  /** Median of 20, in milliseconds. */
  const timeToCreate = async (prefix: string): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < 20; index++) {
      const path = "/api/v1/namespaces/default/configmaps";
      const began = performance.now();
      const { status } = await plane.request(
        "alice",
        "POST",
        path,
        configMap(`${prefix}-${index}`, { hello: "world" }),
      );
      times.push(performance.now() - began);
      assert.equal(status, 201);
    }
    return times.toSorted((a, b) => a - b)[10] ?? Number.NaN;
  };

  it("has the first click in Git, in their name, in under five minutes of commands", async (t) => {
    beforeMs = await timeToCreate("before");
    const [theirs = "", ...blocks] = shellBlocks(section(readme, "From nothing to the first commit"));
    const values = {
      CLUSTER: "dev",
      IMAGE: "registry.example.com/clickscribe",
      URL: `https://${gitHost}:${git.port}/acme/platform.git`,
      GIT_USER: gitUser,
      GIT_TOKEN: gitToken,
    };
    assert.deepEqual(
      [...theirs.matchAll(/^(\w+)=/gm)].map(([, name]) => name),
      Object.keys(values),
    );
    const own = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
    const { ran, rest, code } = await runInShell([own.join(""), ...blocks]);
    for (const { block, output, seconds } of ran) t.diagnostic(`${seconds.toFixed(1)} s\n${block}---\n${output}`);
    const inPods = async (): Promise<unknown> => {
      const found = await pods.waitReady("app.kubernetes.io/name=clickscribe", { timeoutMs: 1 }).catch(String);
      return typeof found === "string" ? found : await Promise.all(found.map((name) => pods.logs(name)));
    };
    assert.equal(code, 0, `${rest}\n${JSON.stringify(await inPods())}`);
    assert.equal(ran.length, blocks.length + 1);
    const total = ran.reduce((sum, { seconds }) => sum + seconds, 0);
    t.diagnostic(`all commands: ${total.toFixed(1)} s`);
    assert.ok(total < secondsAllowed, `${total} s`);
    const everything = ran.map(({ output }) => output).join("");
    assert.ok(!everything.includes(gitToken), "the token was printed");

    const after = (command: string): string => {
      const found = ran.find(({ block }) => block.includes(command));
      assert.ok(found, `the README has no ${command}`);
      return found.output;
    };
    // bash -e: the exit code of each was 0.
    assert.equal(after("check --pre").match(/^Everything that is needed is there/gm)?.length, 2);
    assert.match(after("create remote"), /^GitRemote platform: ready/m);
    assert.match(after("clickscribe plan"), /^capture\.clickscribe\.dev\/everything condition met$/m);
    const told = after("clickscribe explain");
    assert.match(told, /^ConfigMap shop\/hello is in Git\.$/m);
    assert.match(told, /apps\/shop\/configmap-hello\.yaml on main/);
    assert.match(told, /^\S+ \S+ +alice +ConfigMap shop\/hello +create/m);

    assert.match((await repository.show("main", "apps/shop/configmap-hello.yaml")) ?? "", /^ {2}greeting: hello$/m);
    const commit = (await repository.log("main")).at(-1);
    assert.equal(commit?.author.name, "alice");
    assert.equal(commit.subject, "create ConfigMap hello");
    assert.deepEqual(commit.files, ["apps/shop/configmap-hello.yaml"]);
    const checked = await runInShell(["npx clickscribe check\n", "kubectl -n shop describe configmap hello\n"]);
    assert.equal(checked.code, 0, checked.rest);
    for (const { output } of checked.ran) t.diagnostic(output);
    assert.match(checked.ran[1]?.output ?? "", /Committed .* [0-9a-f]{7} on main by alice: create$/m);
  });

  it("leaves nothing in the way", async (t) => {
    const [command] = /helm uninstall [^`\n]+/.exec(section(readme, "Upgrading and uninstalling")) ?? [];
    assert.ok(command);
    const { ran, rest, code } = await runInShell([`${command}\n`]);
    assert.equal(code, 0, rest);
    t.diagnostic(`${ran[0]?.seconds.toFixed(1)} s ${command}\n${ran[0]?.output}`);
    // What is in the way is so each time; a busy machine is not.
    const afterMs = await waitFor("a create to take as long as before", async () => {
      const tookMs = await timeToCreate(`after-${performance.now()}`);
      return tookMs / beforeMs < 3 ? tookMs : undefined;
    });
    t.diagnostic(`creating a ConfigMap: ${beforeMs.toFixed(1)} ms before, ${afterMs.toFixed(1)} ms after`);
    const began = performance.now();
    await plane.kubectl(["delete", "namespace", "shop", "--timeout=30s"]);
    t.diagnostic(`the namespace is deleted after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const kinds =
      "all,sa,secrets,configmaps,leases,networkpolicies,poddisruptionbudgets,roles,rolebindings,clusterroles,clusterrolebindings,validatingwebhookconfigurations,customresourcedefinitions";
    // The Pod ends, and the garbage collector takes the webhook configuration, moments after.
    const left = async (): Promise<readonly string[]> =>
      (await plane.kubectl(["get", kinds, "-A", "-o", "name"])).stdout
        .split("\n")
        .filter((name) => name.includes("clickscribe"));
    const kept = ["captures", "gitremotes", "notifiers"].map(
      (name) => `customresourcedefinition.apiextensions.k8s.io/${name}.clickscribe.dev`,
    );
    const probe = async (): Promise<true | undefined> =>
      (await left()).every((name) => kept.includes(name)) || undefined;
    await waitFor("everything but the CRDs to go", probe, { seen: left });
    assert.deepEqual(await left(), kept);
  });
});
