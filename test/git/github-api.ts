/** What GitHub's API does for the tokens of Apps: the web token is verified as GitHub documents it, by the public key. */
import { type KeyObject, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface GitHubApi {
  readonly url: string;
  /** Requests for tokens, whatever was answered. */
  readonly asked: number;
  /** Tokens that were given, oldest first. */
  readonly tokens: readonly string[];
  /** Headers of the last request. */
  readonly headers: IncomingHttpHeaders;
  /** Every request is answered so; undefined: no more. */
  answer(
    status: number | undefined,
    body?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): void;
  stop(): Promise<void>;
}

export interface GitHubApiOptions {
  readonly appId: string;
  readonly installationId: string;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of each token, before it is answered. */
  readonly onToken?: (token: string) => void;
  readonly path?: string;
}

const hourMs = 3_600_000;

export async function startGitHubApi(options: GitHubApiOptions): Promise<GitHubApi> {
  const { now, path = "" } = options;
  const tokens: string[] = [];
  let asked = 0;
  let last: IncomingHttpHeaders = {};
  let fixed: readonly [number, Readonly<Record<string, unknown>>, Readonly<Record<string, string>>] | undefined;

  const judge = (method: string, url: string, headers: IncomingHttpHeaders): readonly [number, object] => {
    const why = refusal(headers.authorization ?? "", options);
    if (why !== undefined) return [401, { message: why }];
    if (method !== "POST" || url !== `${path}/app/installations/${options.installationId}/access_tokens`) {
      return [404, { message: "Not Found", documentation_url: "https://docs.github.com/rest" }];
    }
    const token = `ghs_${"x".repeat(32)}${tokens.length}`;
    tokens.push(token);
    options.onToken?.(token);
    return [201, { token, expires_at: new Date(now() + hourMs).toISOString().replace(/\.\d+Z$/, "Z") }];
  };

  const server = createServer((request, response) => {
    asked++;
    last = request.headers;
    const [status, body, headers = {}] = fixed ?? judge(request.method ?? "", request.url ?? "", request.headers);
    const date = new Date(now()).toUTCString();
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", date, ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    tokens,
    get asked() {
      return asked;
    },
    get headers() {
      return last;
    },
    answer: (status, body = {}, headers = {}) =>
      void (fixed = status === undefined ? undefined : [status, body, headers]),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Why GitHub would not take this web token, in its words; undefined: it would. */
function refusal(authorization: string, { appId, publicKey, now }: GitHubApiOptions): string | undefined {
  const [head = "", claims = "", signature = ""] = authorization.replace(/^Bearer /, "").split(".");
  const read = (part: string): Readonly<Record<string, unknown>> =>
    JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
  const signed = Buffer.from(`${head}.${claims}`);
  if (!authorization.startsWith("Bearer ") || head === "" || read(head)["alg"] !== "RS256") {
    return "A JSON web token could not be decoded";
  }
  if (!verify("sha256", signed, publicKey, Buffer.from(signature, "base64url"))) {
    return "A JSON web token could not be decoded";
  }
  const { iat, exp, iss } = read(claims);
  const seconds = now() / 1_000;
  if (!Number.isInteger(iat) || (iat as number) > seconds) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  if (!Number.isInteger(exp) || (exp as number) <= seconds) return "'Expiration time' claim ('exp') is in the past";
  if ((exp as number) > seconds + 600) return "'Expiration time' claim ('exp') is too far in the future";
  return String(iss) === appId ? undefined : "Integration not found";
}
