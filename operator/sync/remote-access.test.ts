import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GitRemote } from "../api/generated/git-remote.ts";
import { Failure } from "../failures.ts";
import type { JsonObject } from "../values.ts";
import { normalizeUrl, remoteAccess, signingKey } from "./remote-access.ts";

const https = "https://git.example.com/acme/platform.git";
const ssh = "ssh://git@git.example.com/acme/platform.git";

function remote(spec: Partial<GitRemote["spec"]> = {}): GitRemote {
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "GitRemote",
    metadata: { name: "platform", namespace: "shop", uid: "u" },
    spec: { url: https, ...spec },
  };
}

function secret(keys: Readonly<Record<string, string>>): JsonObject {
  const data = Object.entries(keys).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "git" }, data: Object.fromEntries(data) };
}

const app = { githubAppID: "1", githubAppInstallationID: "2", githubAppPrivateKey: "PEM" };

describe("remoteAccess", () => {
  const credentials: readonly (readonly [string, string, Readonly<Record<string, string>>, object])[] = [
    ["Flux, HTTPS", https, { username: "u", password: "p" }, { type: "Basic", username: "u", password: "p" }],
    ["Flux, a token", https, { bearerToken: " t\n" }, { type: "Bearer", token: "t" }],
    ["Argo CD, a token alone", https, { password: "t" }, { type: "Basic", username: "x-access-token", password: "t" }],
    [
      "Flux, a GitHub App of an own server",
      https,
      { ...app, githubAppBaseURL: "https://ghe.example.com/api/v3/" },
      {
        type: "GitHubApp",
        appId: "1",
        installationId: "2",
        privateKey: "PEM",
        apiUrl: "https://ghe.example.com/api/v3",
      },
    ],
    [
      "Argo CD, a GitHub App of an own server",
      https,
      { ...app, githubAppEnterpriseBaseUrl: "https://ghe.example.com/api/v3" },
      {
        type: "GitHubApp",
        appId: "1",
        installationId: "2",
        privateKey: "PEM",
        apiUrl: "https://ghe.example.com/api/v3",
      },
    ],
    [
      "a GitHub App",
      https,
      app,
      { type: "GitHubApp", appId: "1", installationId: "2", privateKey: "PEM", apiUrl: "https://api.github.com" },
    ],
    ["only an authority", https, { "ca.crt": "PEM" }, { type: "None" }],
    [
      "Flux, SSH",
      ssh,
      { identity: "KEY", "identity.pub": "PUB", known_hosts: "HOSTS", password: "phrase" },
      {
        type: "Ssh",
        username: "git",
        privateKey: "KEY",
        passphrase: "phrase",
        password: undefined,
        knownHosts: "HOSTS",
      },
    ],
    [
      "Argo CD, SSH",
      "ssh://deploy@git.example.com/x.git",
      { sshPrivateKey: "KEY", known_hosts: "HOSTS" },
      {
        type: "Ssh",
        username: "deploy",
        privateKey: "KEY",
        passphrase: undefined,
        password: undefined,
        knownHosts: "HOSTS",
      },
    ],
  ];
  for (const [shape, url, keys, expected] of credentials) {
    it(`reads the Secret of ${shape}`, () => {
      assert.deepEqual(remoteAccess(remote({ url }), { secret: secret(keys) }).credentials, expected);
    });
  }

  const certificates: readonly Readonly<Record<string, string>>[] = [
    { "ca.crt": "CA", "tls.crt": "C", "tls.key": "K" },
    { caFile: "CA", certFile: "C", keyFile: "K" },
    { "ca.crt": "CA", tlsClientCertData: "C", tlsClientCertKey: "K" },
  ];
  for (const keys of certificates) {
    it(`reads the certificates ${Object.keys(keys).join(", ")}`, () => {
      const access = remoteAccess(remote(), { secret: secret(keys) });
      assert.deepEqual([access.ca, access.clientCertificate], ["CA", { certificate: "C", key: "K" }]);
      assert.deepEqual(access.credentials, { type: "None" });
    });
  }

  it("reads the Secret of a proxy as Flux does", () => {
    const proxy = secret({ address: "http://proxy:3128", username: "u", password: "p" });
    const access = remoteAccess(remote({ proxy: { secretRef: { name: "proxy" } } }), { proxy });
    assert.deepEqual(access.proxy, { url: "http://proxy:3128", username: "u", password: "p" });
  });

  it("reads the proxy beside the credentials as Argo CD does, but for hosts that are spared", () => {
    const keys = { password: "t", proxy: "http://u:p%40@proxy:3128" };
    const found = (noProxy?: string) =>
      remoteAccess(remote(), { secret: secret({ ...keys, ...(noProxy !== undefined && { noProxy }) }) }).proxy;
    assert.deepEqual(found(), { url: "http://proxy:3128/", username: "u", password: "p@" });
    for (const spared of ["git.example.com", ".example.com", "a, *.example.com", "*"])
      assert.equal(found(spared), undefined);
    assert.notEqual(found("example.org, it.example.com"), undefined);
  });

  it("says that nothing is written where the remote may only be read", () => {
    assert.equal(remoteAccess(remote({ access: "ReadOnly" }), {}).readOnly, true);
    assert.equal(remoteAccess(remote(), {}).readOnly, false);
  });

  const bad: readonly (readonly [
    string,
    Partial<GitRemote["spec"]>,
    Readonly<Record<string, string>> | undefined,
    RegExp,
  ])[] = [
    [
      "other keys",
      {},
      { token: "t" },
      /^Secret git \(spec\.secretRef\.name\) holds the keys token: give it username and password/,
    ],
    ["no keys", {}, {}, /^Secret git \(spec\.secretRef\.name\) holds no keys/],
    ["an empty password", {}, { username: "u", password: " " }, /give it username and password/],
    ["half of a GitHub App", {}, { githubAppID: "1" }, /give it all of githubAppID, githubAppInstallationID and/],
    ["half of a certificate", {}, { "tls.crt": "C" }, /give it both tls\.crt and tls\.key/],
    ["an SSH key without known hosts", { url: ssh }, { identity: "KEY" }, /give it known_hosts/],
    ["no SSH key", { url: ssh }, { known_hosts: "HOSTS" }, /give it identity \(the private key\)/],
    ["SSH without a Secret", { url: ssh }, undefined, /^spec\.secretRef\.name: this URL needs a Secret/],
  ];
  for (const [what, spec, keys, message] of bad) {
    it(`refuses ${what}, naming the Secret and what it lacks`, () => {
      assert.throws(
        () => remoteAccess(remote(spec), { secret: keys && secret(keys) }),
        (error) => error instanceof Failure && error.code === "SecretInvalid" && message.test(error.message),
      );
    });
  }
});

describe("signingKey", () => {
  it("reads the keys that Flux signs with", () => {
    const asc = secret({ "git.asc": "PGP", passphrase: "phrase" });
    assert.deepEqual(signingKey("OpenPGP", asc), { type: "OpenPGP", privateKey: "PGP", passphrase: "phrase" });
    const identity = secret({ identity: "KEY", password: "phrase" });
    assert.deepEqual(signingKey("SSH", identity), { type: "SSH", privateKey: "KEY", passphrase: "phrase" });
  });

  it("names what is missing", () => {
    const of = (type: "SSH" | "OpenPGP") => () => signingKey(type, secret({ other: "x" }));
    assert.throws(
      of("SSH"),
      /Secret git \(spec\.commit\.signing\.secretRef\.name\) holds the keys other: .* in identity/,
    );
    assert.throws(of("OpenPGP"), /in git\.asc, and passphrase/);
  });
});

describe("normalizeUrl", () => {
  it("gives one name to all spellings of a repository", () => {
    const spellings = [
      https,
      "https://GIT.example.com/acme/platform",
      `${https}/`,
      "https://git.example.com:443/acme/platform",
    ];
    assert.equal(new Set(spellings.map(normalizeUrl)).size, 1);
    assert.equal(normalizeUrl(ssh), normalizeUrl("ssh://git@git.example.com:22/acme/platform"));
  });
});
