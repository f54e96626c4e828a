/**
 * Installation tokens of GitHub Apps ("Generating an installation access token for a GitHub App"): a JSON Web Token
 * (RFC 7519, RS256) that the App's key signs is exchanged for a token of one hour.
 *
 * Invariants: one token for all repositories of one installation, one request for all who ask at the same time; keys
 * are held by their hash alone.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { request } from "undici";
import { asFailure, type Failure, retry, stalled } from "../failures.ts";
import { type AddressPolicy, admitsHost, checkHost, hostOf } from "../net/address-policy.ts";
import { failureOfError, type Refusal } from "../net/classify.ts";
import type { Connections } from "../net/connections.ts";
import { retryAfterSeconds } from "../net/retry-after.ts";
import type { GitHubApp, RemoteAccess } from "../ports.ts";
import { readWords } from "./server-words.ts";

export interface GitHubAppDeps {
  readonly policy: AddressPolicy;
  readonly connections: Connections;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

export interface Tokens {
  /** Throws Failure: `SecretInvalid`, `AuthenticationFailed`, `UrlForbidden`, `RemoteInvalid`, `RemoteUnreachable`. */
  token(): Promise<string>;
  /** Drops the token, if it is the one that `refused` knows. */
  forget(refused: (token: string) => boolean): void;
}

export interface GitHubApps {
  /** `access`: how the API is reached, which is as the repository is. */
  tokens(app: GitHubApp, access: RemoteAccess): Tokens;
}

interface Token {
  readonly token: string;
  /** Milliseconds since the epoch, by the operator's clock. */
  readonly until: number;
}

interface Installation {
  held: Token | undefined;
  asked: Promise<Token> | undefined;
}

/** Before its end a token is renewed, so that no request begins with one that ends under way. */
const renewBeforeMs = 5 * 60_000;
const maxAnswerBytes = 65_536;

export function createGitHubApps(deps: GitHubAppDeps): GitHubApps {
  const installations = new Map<string, Installation>();
  const { wallClock } = deps;

  const installationOf = (key: string): Installation => {
    const known = installations.get(key);
    if (known !== undefined) return known;
    for (const [old, { held, asked }] of installations) {
      if (asked === undefined && (held === undefined || held.until < wallClock())) installations.delete(old);
    }
    const made: Installation = { held: undefined, asked: undefined };
    installations.set(key, made);
    return made;
  };

  const renewed = async (installation: Installation, app: GitHubApp, access: RemoteAccess): Promise<Token> => {
    try {
      installation.asked ??= askToken(app, access, deps);
      const token = await installation.asked;
      installation.held = token;
      return token;
    } finally {
      installation.asked = undefined;
    }
  };

  return {
    tokens(app, access) {
      const key = keyOf(app);
      return {
        async token() {
          const installation = installationOf(key);
          const { held } = installation;
          if (held !== undefined && held.until - renewBeforeMs > wallClock()) return held.token;
          try {
            return (await renewed(installation, app, access)).token;
          } catch (error) {
            const usable = held !== undefined && held === installation.held && held.until > wallClock();
            if (usable && asFailure(error).class === "Retry") return held.token;
            throw error;
          }
        },
        forget(refused) {
          const installation = installations.get(key);
          if (installation?.held !== undefined && refused(installation.held.token)) installation.held = undefined;
        },
      };
    },
  };
}

async function askToken(app: GitHubApp, access: RemoteAccess, deps: GitHubAppDeps): Promise<Token> {
  checkIds(app);
  const url = tokenUrl(app, deps.policy);
  const at = { host: url.host, path: url.pathname, credentials: app.type };
  const key = readKey(app.privateKey);
  const now = deps.wallClock();
  try {
    const { statusCode, headers, body } = await request(url, {
      method: "POST",
      headers: {
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": deps.userAgent,
        authorization: `Bearer ${webToken(app.appId, key, now)}`,
      },
      dispatcher: deps.connections.agent(access),
      headersTimeout: access.timeoutMs,
      bodyTimeout: access.timeoutMs,
      signal: AbortSignal.timeout(access.timeoutMs),
    });
    const header = (name: string): string | undefined => [headers[name]].flat()[0];
    if (statusCode === 201) return readToken(await readBounded(body, url.host), header("date"), now, url.host);
    const words = await readWords(body, header("content-type") ?? "");
    throw failureOfApi(url.host, { status: statusCode, words, header, now }, app);
  } catch (error) {
    throw failureOfError(error, at);
  }
}

/** `iat` lies back, as GitHub recommends, for a clock that goes ahead; `exp` may lie ten minutes ahead at most. */
export function webToken(appId: string, key: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1_000);
  const claims = { iat: seconds - 60, exp: seconds + 540, iss: appId };
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

/** They go into messages: a key that was put there by mistake must not. */
function checkIds({ appId, installationId }: GitHubApp): void {
  if (!/^[\w.-]{1,40}$/.test(appId)) throw stalled("SecretInvalid", "githubAppID in the Secret is no id of an App");
  if (/^\d{1,20}$/.test(installationId)) return;
  throw stalled("SecretInvalid", "githubAppInstallationID in the Secret is no number");
}

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw stalled("SecretInvalid", "githubAppPrivateKey in the Secret holds no PEM private key", undefined, error);
  }
  if (key.asymmetricKeyType === "rsa") return key;
  const what = `a key of type ${key.asymmetricKeyType}`;
  throw stalled("SecretInvalid", `githubAppPrivateKey in the Secret holds ${what}: GitHub's keys are of type rsa`);
}

/** The API of `github.com` is `api.github.com`: who is admitted to the one is to the other. */
function tokenUrl({ apiUrl, installationId }: GitHubApp, policy: AddressPolicy): URL {
  const url = URL.parse(`${apiUrl}/app/installations/${encodeURIComponent(installationId)}/access_tokens`);
  const where = "githubAppBaseURL in the Secret";
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw stalled("SecretInvalid", `${where} is no https:// URL`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw stalled("SecretInvalid", `${where} holds more than host and path`);
  }
  if (url.protocol === "http:" && !policy.allowPlainHttp) {
    throw stalled("UrlForbidden", `${where} begins with http://: use https://, or have --allow-plain-http set`);
  }
  const host = hostOf(url);
  checkHost(admitsHost(host, policy) ? host : host.replace(/^api\./, ""), policy);
  return url;
}

function readToken(text: string, date: string | undefined, now: number, host: string): Token {
  const { token, expires_at: end } = parseObject(text);
  const until = typeof end === "string" ? Date.parse(end) : Number.NaN;
  // It goes into a header: nothing but what GitHub's tokens are of.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token) || Number.isNaN(until)) {
    throw stalled("RemoteInvalid", `${host} answers no token: githubAppBaseURL in the Secret must be GitHub's API`);
  }
  const clock = Date.parse(date ?? "");
  return { token, until: Number.isNaN(clock) ? until : now + (until - clock) };
}

function parseObject(text: string): { readonly token?: unknown; readonly expires_at?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>, host: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw stalled("RemoteInvalid", `${host} answers more than ${maxAnswerBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

function failureOfApi(host: string, refusal: Refusal, { appId, installationId }: GitHubApp): Failure {
  const { status } = refusal;
  const data = { host, status };
  const said = `(HTTP ${status}${refusal.words === "" ? "" : `: ${refusal.words}`})`;
  const seconds = retryAfterSeconds(refusal);
  if (status === 408 || status === 429 || status >= 500 || (status === 403 && seconds !== undefined)) {
    const later = seconds === undefined ? {} : { retryAfterSeconds: seconds };
    return retry("RemoteUnreachable", `${host} gives no token now ${said}`, { ...data, ...later });
  }
  if (status === 401) {
    const why = `does not know App ${appId} by this key: correct githubAppID or githubAppPrivateKey in the Secret`;
    return stalled("AuthenticationFailed", `${host} ${why} ${said}`, data);
  }
  if (status === 403) {
    const why = `gives installation ${installationId} no token: see whether it is suspended (githubAppInstallationID)`;
    return stalled("AuthenticationFailed", `${host} ${why} ${said}`, data);
  }
  if (status === 404) {
    const why = `knows no installation ${installationId} of App ${appId}`;
    const remedy = "correct githubAppInstallationID in the Secret, or install the App";
    return stalled("AuthenticationFailed", `${host} ${why}: ${remedy} ${said}`, data);
  }
  const remedy = "githubAppBaseURL in the Secret must be GitHub's API";
  return stalled("RemoteInvalid", `${host} answers what is not expected: ${remedy} ${said}`, data);
}

function keyOf({ appId, installationId, apiUrl, privateKey }: GitHubApp): string {
  return createHash("sha256")
    .update(JSON.stringify([appId, installationId, apiUrl, privateKey]))
    .digest("hex");
}
