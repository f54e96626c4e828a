/** PURE: a GitRemote and its Secrets, in the shapes that Flux and Argo CD use, become what is needed to open the remote. */

import { parseDuration } from "../api/duration.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { Credentials, Proxy, RemoteAccess, SigningKey } from "../ports.ts";
import type { JsonObject } from "../values.ts";
import { SecretKeys } from "./secret-keys.ts";

export interface RemoteSecrets {
  /** Of spec.secretRef. */
  readonly secret?: JsonObject | undefined;
  /** Of spec.proxy.secretRef. */
  readonly proxy?: JsonObject | undefined;
}

/** Throws Failure SecretInvalid. A Secret is undefined where the GitRemote names none. */
export function remoteAccess(remote: GitRemote, { secret, proxy }: RemoteSecrets): RemoteAccess {
  const { spec } = remote;
  const keys = new SecretKeys(secret, "spec.secretRef.name");
  return {
    url: spec.url,
    credentials: credentialsOf(keys, spec.url),
    ca: keys.text("ca.crt", "caFile"),
    clientCertificate: clientCertificateOf(keys),
    proxy:
      spec.proxy === undefined
        ? proxyBeside(keys, spec.url)
        : proxyOf(new SecretKeys(proxy, "spec.proxy.secretRef.name")),
    readOnly: spec.access === "ReadOnly",
    timeoutMs: parseDuration(spec.timeout ?? "60s") ?? 60_000,
  };
}

/** Throws Failure SecretInvalid. */
export function signingKey(type: SigningKey["type"], secret: JsonObject): SigningKey {
  const keys = new SecretKeys(secret, "spec.commit.signing.secretRef.name");
  const phrase = type === "SSH" ? "password" : "passphrase";
  const privateKey = type === "SSH" ? keys.text("identity", "ssh-privatekey") : keys.text("git.asc");
  if (privateKey !== undefined) return { type, privateKey, passphrase: keys.text(phrase) };
  const key = type === "SSH" ? "identity" : "git.asc";
  throw keys.lacks(`the ${type} key in ${key}, and ${phrase} if the key has one`);
}

function credentialsOf(keys: SecretKeys, url: string): Credentials {
  if (/^ssh:/i.test(url)) return sshIdentity(keys, url);
  if (keys.none) return { type: "None" };
  const token = keys.text("bearerToken");
  if (token !== undefined) return { type: "Bearer", token: token.trim() };
  if (keys.text("githubAppID") !== undefined || keys.text("githubAppPrivateKey") !== undefined) return githubApp(keys);
  const password = keys.text("password");
  const username = keys.text("username");
  // The name that forges take beside a token, as in Argo CD.
  if (password !== undefined) return { type: "Basic", username: username ?? "x-access-token", password };
  const certificates = keys.text("ca.crt", "caFile", "tls.crt", "certFile", "tlsClientCertData");
  if (username === undefined && certificates !== undefined) return { type: "None" };
  throw keys.lacks("username and password, or bearerToken, or githubAppID with its installation and private key");
}

function githubApp(keys: SecretKeys): Credentials {
  const appId = keys.text("githubAppID")?.trim();
  const installationId = keys.text("githubAppInstallationID")?.trim();
  const privateKey = keys.text("githubAppPrivateKey");
  if (appId === undefined || installationId === undefined || privateKey === undefined) {
    throw keys.lacks("all of githubAppID, githubAppInstallationID and githubAppPrivateKey");
  }
  const base = keys.text("githubAppBaseURL", "githubAppEnterpriseBaseUrl")?.trim();
  const apiUrl = (base ?? "https://api.github.com").replace(/\/+$/, "");
  return { type: "GitHubApp", appId, installationId, privateKey, apiUrl };
}

function sshIdentity(keys: SecretKeys, url: string): Credentials {
  const privateKey = keys.text("identity", "sshPrivateKey", "ssh-privatekey");
  const password = keys.text("password");
  const knownHosts = keys.text("known_hosts");
  if (privateKey === undefined && password === undefined) {
    throw keys.lacks("identity (the private key), known_hosts, and password if the key has a passphrase");
  }
  if (knownHosts === undefined) throw keys.lacks("known_hosts: what ssh-keyscan prints, once it was checked");
  const named = decodeURIComponent(URL.parse(url)?.username ?? "");
  return {
    type: "Ssh",
    username: named === "" ? "git" : named,
    privateKey,
    passphrase: privateKey === undefined ? undefined : password,
    password: privateKey === undefined ? password : undefined,
    knownHosts,
  };
}

function clientCertificateOf(keys: SecretKeys): RemoteAccess["clientCertificate"] {
  const certificate = keys.text("tls.crt", "certFile", "tlsClientCertData");
  const key = keys.text("tls.key", "keyFile", "tlsClientCertKey");
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) throw keys.lacks("both tls.crt and tls.key");
  return { certificate, key };
}

function proxyOf(keys: SecretKeys): Proxy {
  const url = keys.text("address")?.trim();
  if (url === undefined) throw keys.lacks("address, such as http://proxy.example.com:3128");
  return { url, username: keys.text("username"), password: keys.text("password") };
}

/** The key `proxy` of a repository's Secret for Argo CD, unless its `noProxy` names the host. */
function proxyBeside(keys: SecretKeys, url: string): Proxy | undefined {
  const proxy = keys.text("proxy")?.trim();
  if (proxy === undefined) return undefined;
  const host = URL.parse(url)?.hostname.toLowerCase() ?? "";
  const spared = (keys.text("noProxy") ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim().replace(/^\*?\./, ""));
  if (spared.some((name) => name === "*" || (name !== "" && (host === name || host.endsWith(`.${name}`)))))
    return undefined;
  const parsed = URL.parse(proxy);
  if (parsed === null) throw keys.lacks("a URL in proxy");
  const { username, password } = parsed;
  parsed.username = "";
  parsed.password = "";
  const userinfo = (text: string): string | undefined => (text === "" ? undefined : decodeURIComponent(text));
  return { url: parsed.href, username: userinfo(username), password: userinfo(password) };
}

/** One name for every spelling of a repository's URL: what writers are keyed by and paths are compared within. */
export function normalizeUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  const path = parsed.pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  // That of ssh is no special scheme to URL parsers: its usual port stays.
  const host = parsed.protocol === "ssh:" ? parsed.host.replace(/:22$/, "") : parsed.host;
  return `${host.toLowerCase()}${path}`;
}
