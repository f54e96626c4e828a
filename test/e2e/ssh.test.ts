/** A Capture whose GitRemote is an SSH server: Secrets as Flux and Argo CD have them, rotated keys, another host key. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type KeyPair, makeKey } from "../git/ssh-protocol.ts";
import { type InProcessSshServer, startSsh2Server } from "../git/ssh2-server.ts";
import { lendSecret } from "../harness/install.ts";
import { secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, startWorld, type World } from "./world.ts";

describe("a GitRemote over SSH", () => {
  let world: World;
  let ssh: InProcessSshServer;
  let first: KeyPair;
  /** Each is used once: connections are shared by those who have one identity. */
  let others: KeyPair[];
  let count = 0;
  let namespace: string;

  before(async () => {
    first = await makeKey();
    others = await Promise.all([makeKey({ passphrase: "a phrase" }), makeKey({ passphrase: "a phrase" })]);
    ssh = await startSsh2Server({ authorized: [first, ...others] });
    world = await startWorld();
  });
  after(async () => {
    await world.stop();
    await ssh.stop();
  });
  beforeEach(() => {
    namespace = `ssh-${++count}`;
  });

  async function placeWith(data: Readonly<Record<string, string>>, wait = true): Promise<Place> {
    await world.plane.request("admin", "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await world.plane.request("admin", "POST", pathOf(namespace, "Secret"), secretObject("git", namespace, data));
    await lendSecret(world.plane, namespace, "git");
    const existing = await ssh.createRepository(namespace, { files: { "README.md": "# demo\n" } });
    return await world.place(namespace, { existing, secret: "git", url: existing.url, wait });
  }
  /** It is read anew every 30 seconds, and when somebody asks for it. */
  const change = async (place: Place, data: Readonly<Record<string, string>>): Promise<void> => {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    await place.send("admin", "PATCH", pathOf(namespace, "Secret", "git"), { data: Object.fromEntries(encoded) });
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
  };
  const commitOf = async (place: Place, name: string): Promise<void> => {
    await waitFor(`${name}'s commit`, async () => (await place.commits()).find(({ author }) => author.name === name));
  };

  for (const [tool, key] of [
    ["Flux", "identity"],
    ["Argo CD", "sshPrivateKey"],
  ] as const) {
    it(`takes a Secret as ${tool} has it, and a key that replaces it`, async () => {
      const place = await placeWith({ [key]: first.privateKey, known_hosts: ssh.knownHosts });
      await place.create("alice", configMap("app", { a: "1" }));
      await commitOf(place, "alice");
      const { logins } = ssh;
      await change(place, { [key]: others.pop()?.privateKey ?? "", password: "a phrase" });
      await waitFor("a login by the new key", async () => ssh.logins > logins || undefined);
      await place.send("bob", "PATCH", pathOf(namespace, "ConfigMap", "app"), { data: { a: "2" } });
      await commitOf(place, "bob");
      assert.match((await place.repository.show("main", "apps/configmap-app.yaml")) ?? "", /a: "2"/);
      assert.deepEqual(await place.repository.fsck(), []);
    });
  }

  it("stops at a host key that is another, says so, and goes on once it is known", async () => {
    const other = await makeKey();
    const stale = `[127.0.0.1]:${ssh.port} ${other.publicKey}\n`;
    const place = await placeWith({ identity: first.privateKey, known_hosts: ssh.knownHosts });
    await place.create("alice", configMap("app", { a: "1" }));
    await commitOf(place, "alice");
    await change(place, { known_hosts: stale });
    const { message, status } = await place.waitForReason("HostKeyUntrusted");
    assert.equal(status, "False");
    assert.match(message, /changed.*SHA256:/);
    await place.send("bob", "PATCH", pathOf(namespace, "ConfigMap", "app"), { data: { a: "2" } });
    await change(place, { known_hosts: ssh.knownHosts });
    await place.waitForReason("Succeeded", 60_000);
    await commitOf(place, "bob");
  });

  it("asks nobody where the Secret lacks the known hosts, and names the key that it lacks", async () => {
    const attempts = ssh.attempts;
    const place = await placeWith({ identity: first.privateKey }, false);
    const { message } = await place.waitForReason("SecretInvalid");
    assert.match(message, /known_hosts/);
    assert.equal(ssh.attempts, attempts);
  });

  it("connects to no address that the operator's flags keep it from", async () => {
    await world.startOperator(["--allowed-git-hosts=git.example.com"]);
    const attempts = ssh.attempts;
    const place = await placeWith({ identity: first.privateKey, known_hosts: ssh.knownHosts }, false);
    const ready = await waitFor("a refusal", async () => {
      const found = await place.ready();
      return found.status === "False" ? found : undefined;
    });
    assert.match(ready.message, /127\.0\.0\.1/);
    assert.equal(ssh.attempts, attempts);
  });
});
