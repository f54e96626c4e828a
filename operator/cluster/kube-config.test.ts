import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Failure } from "../failures.ts";
import { type Connection, readKubeConfig } from "./kube-config.ts";

const folder = mkdtempSync(join(tmpdir(), "clickscribe-kubeconfig-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function write(text: string): string {
  const path = join(folder, `config-${++files}`);
  writeFileSync(path, text);
  return path;
}

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly current?: string;
  readonly contextCluster?: string;
  readonly contextUser?: string;
}

function kubeconfig(parts: Parts = {}): string {
  const { cluster = {}, user = { token: "t" }, current = "dev", contextCluster = "c", contextUser = "u" } = parts;
  return write(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": current,
      clusters: [{ name: "c", cluster: { server: "https://k.example:6443/", ...cluster } }],
      contexts: [
        { name: "dev", context: { cluster: contextCluster, user: contextUser } },
        { name: "prod", context: { cluster: "c", user: "u", namespace: "shop" } },
      ],
      users: [{ name: "u", user }],
    }),
  );
}

function read(path: string, context?: string): Connection {
  return readKubeConfig({ from: "File", path, context });
}

function problem(path: string, context?: string): string {
  try {
    read(path, context);
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.deepEqual([error.class, error.code], ["Stalled", "KubeconfigInvalid"]);
    assert.ok(error.message.includes(path), error.message);
    return error.message;
  }
  return assert.fail("it should fail");
}

describe("readKubeConfig", () => {
  it("reads server, token and certificates", async () => {
    const ca = Buffer.from("CA").toString("base64");
    const path = kubeconfig({
      cluster: { "certificate-authority-data": ca, "tls-server-name": "k" },
      user: { token: "t" },
    });
    const connection = read(path, "prod");
    assert.equal(connection.server, "https://k.example:6443");
    assert.deepEqual([connection.namespace, read(path).namespace], ["shop", undefined]);
    assert.deepEqual(await connection.credentials(), {
      authorization: "Bearer t",
      impersonate: undefined,
      tls: { ca: "CA", servername: "k" },
    });
  });
  it("reads a user and password, and whom to act as", async () => {
    const path = kubeconfig({ user: { username: "a", password: "b", as: "alice" } });
    const { authorization, impersonate } = await read(path).credentials();
    assert.equal(authorization, `Basic ${Buffer.from("a:b").toString("base64")}`);
    assert.equal(impersonate, "alice");
  });
  it("keeps userinfo out of the URL for people", () => {
    assert.equal(
      read(kubeconfig({ cluster: { server: "https://me:pw@k.example/c/1" } })).server,
      "https://k.example/c/1",
    );
  });
  it("names the file and what is wrong", () => {
    assert.match(problem(join(folder, "none")), /cannot be used: ENOENT/);
    assert.match(problem(write("{ a: [")), /cannot be used: /);
    assert.match(problem(write("")), /cannot be used: |no current-context/);
    assert.match(problem(kubeconfig(), "stage"), /has no context stage; it has dev, prod/);
    assert.match(problem(kubeconfig({ current: "" })), /has no current-context: give --context; it has dev, prod/);
    assert.match(problem(kubeconfig({ current: "x" })), /has no context x; it has dev, prod/);
    assert.match(problem(kubeconfig({ contextCluster: "x" })), /context dev names the cluster x, which is missing/);
    assert.match(problem(kubeconfig({ contextUser: "x" })), /context dev names the user x, which is missing/);
    assert.match(problem(kubeconfig({ cluster: { server: "k.example" } })), /k\.example is no URL of a server/);
    assert.match(problem(kubeconfig({ cluster: { server: "http://k.example" } })), /http:\/\/k\.example is plain HTTP/);
    assert.match(problem(kubeconfig({ cluster: { "proxy-url": "http://p" } })), /proxy-url of c is not supported/);
  });
  it("names the file when a plugin or a certificate file is missing", async () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "no-such-plugin", interactiveMode: "Never" };
    for (const path of [
      kubeconfig({ user: { exec } }),
      kubeconfig({ user: { "client-certificate": "/no/such/cert", "client-key": "/no/such/key" } }),
    ]) {
      await assert.rejects(read(path).credentials(), (error: Failure) => {
        assert.equal(error.code, "KubeconfigInvalid");
        assert.ok(error.message.startsWith(`kubeconfig ${path}: the credentials cannot be read: `), error.message);
        assert.match(error.message, /ENOENT/);
        return true;
      });
    }
  });
  it("says what to give where there is no pod", () => {
    const module = new URL("kube-config.ts", import.meta.url).href;
    const code = `import(${JSON.stringify(module)}).then((m) => m.readKubeConfig({ from: "InCluster" }))`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", code], { env: {}, encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /the pod's ServiceAccount: .* is no URL of a server; outside of a cluster, give --kubeconfig/);
  });
});
