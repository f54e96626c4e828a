/** PURE: a GitRemote and its Secret, in the shapes that Flux and Argo CD use, become what is needed to open the remote. */

import { parseDuration } from "../api/duration.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import { stalled } from "../failures.ts";
import type { Credentials, RemoteAccess } from "../ports.ts";
import type { JsonObject } from "../values.ts";

/** Throws Failure SecretInvalid. `secret` is undefined where the GitRemote names none. */
export function remoteAccess(remote: GitRemote, secret: JsonObject | undefined): RemoteAccess {
  const data = secretData(secret);
  const url = remote.spec.url;
  return {
    url,
    credentials: secret === undefined ? { type: "None" } : credentialsOf(data, remote.spec.secretRef?.name ?? ""),
    ca: data.get("ca.crt") ?? data.get("caFile"),
    timeoutMs: parseDuration(remote.spec.timeout ?? "60s") ?? 60_000,
  };
}

function credentialsOf(data: ReadonlyMap<string, string>, name: string): Credentials {
  const token = data.get("bearerToken");
  const password = data.get("password");
  const username = data.get("username");
  if (token !== undefined && token !== "") return { type: "Bearer", token: token.trim() };
  if (password !== undefined && username !== undefined) return { type: "Basic", username, password };
  if (username === undefined && password === undefined && (data.has("ca.crt") || data.has("caFile"))) {
    return { type: "None" };
  }
  throw stalled(
    "SecretInvalid",
    `Secret ${name} (spec.secretRef.name) holds ${keysOf(data)}: give it username and password, or bearerToken`,
    { secret: name },
  );
}

function keysOf(data: ReadonlyMap<string, string>): string {
  return data.size === 0 ? "no keys" : `the keys ${[...data.keys()].toSorted().join(", ")}`;
}

/** A Secret's `data`, decoded. */
function secretData(secret: JsonObject | undefined): ReadonlyMap<string, string> {
  const data = secret?.["data"];
  const decoded = new Map<string, string>();
  if (data === null || typeof data !== "object" || Array.isArray(data)) return decoded;
  for (const [key, value] of Object.entries(data)) {
    if (typeof value === "string") decoded.set(key, Buffer.from(value, "base64").toString("utf8"));
  }
  return decoded;
}

/** One name for every spelling of a repository's URL: what writers are keyed by and paths are compared within. */
export function normalizeUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  const path = parsed.pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  return `${parsed.host.toLowerCase()}${path}`;
}
