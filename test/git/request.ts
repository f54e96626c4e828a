import type { IncomingMessage, ServerResponse } from "node:http";

/** What a request must bring: HTTP basic authentication, or a bearer token. */
export type GitServerAuth = { readonly username: string; readonly password: string } | { readonly bearerToken: string };

/** Requests that reached the server, whatever it answered. */
export interface RequestCounts {
  advertiseUploadPack: number;
  advertiseReceivePack: number;
  uploadPack: number;
  receivePack: number;
  other: number;
}

/** What a request is about: gitprotocol-http(5). */
export interface Target {
  readonly kind: keyof RequestCounts;
  readonly service: string | undefined;
  readonly repository: string;
  readonly path: string;
  readonly pathInRepository: string;
  readonly query: string;
}

/** Reads the target off the URL. Throws on a URL that is not well encoded. */
export function parseTarget(request: IncomingMessage): Target {
  const [rawPath = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const path = decodeURI(rawPath);
  const match = /^\/(.+?)\.git(\/.*)$/.exec(path);
  const pathInRepository = match?.[2] ?? "";
  const advertised = pathInRepository === "/info/refs" ? new URLSearchParams(query).get("service") : null;
  const service = advertised ?? pathInRepository.slice(1);
  const kind = kindOf(service, advertised !== null);
  return { kind, service, repository: match?.[1] ?? "", path, pathInRepository, query };
}

function kindOf(service: string, advertised: boolean): keyof RequestCounts {
  if (service === "git-upload-pack") return advertised ? "advertiseUploadPack" : "uploadPack";
  if (service === "git-receive-pack") return advertised ? "advertiseReceivePack" : "receivePack";
  return "other";
}

/** Value of the Authorization header. */
export function authorization(auth: GitServerAuth): string {
  if ("bearerToken" in auth) return `Bearer ${auth.bearerToken}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
}

/** Name of who sent the request; undefined where it does not bring what it must. */
export function authenticate(request: IncomingMessage, auth: GitServerAuth | undefined): string | undefined {
  if (!auth) return "anonymous";
  if (request.headers.authorization !== authorization(auth)) return undefined;
  return "bearerToken" in auth ? "token" : auth.username;
}

/** Value of the WWW-Authenticate header. */
export function challenge(auth: GitServerAuth | undefined): string {
  return auth && "bearerToken" in auth ? 'Bearer realm="git"' : 'Basic realm="git"';
}

/** Answers with a short text. */
export function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(body) }).end(body);
}
