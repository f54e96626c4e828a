/** What a request of git's HTTP protocol is over SSH (git(1) documents the URLs, gitprotocol-pack(5) the commands). */
import { stalled } from "../../failures.ts";
import { hostOf } from "../../net/address-policy.ts";

export type Service = "git-upload-pack" | "git-receive-pack";

export interface SshRequest {
  readonly host: string;
  readonly port: number;
  readonly service: Service;
  /** GET: what the server can do. POST: what is done. */
  readonly method: "GET" | "POST";
  /** For the account's shell, or for what stands in its place. */
  readonly command: string;
  /** Of the repository, for messages. */
  readonly path: string;
}

/** `url`: one that `checkUrl` admitted. Throws Failure UrlForbidden for a path that is none. */
export function toSshRequest(method: "GET" | "POST", url: URL): SshRequest {
  const [pathname, service] = split(method, url);
  const path = repositoryPath(pathname);
  const port = url.port === "" ? 22 : Number(url.port);
  return { host: hostOf(url).toLowerCase(), port, service, method, command: `${service} ${quoted(path)}`, path };
}

/** How `known_hosts` and messages name a host. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

function split(method: "GET" | "POST", url: URL): readonly [string, Service] {
  const found =
    method === "GET"
      ? /^(.*)\/info\/refs\?service=(git-(?:upload|receive)-pack)$/.exec(url.pathname + url.search)
      : /^(.*)\/(git-(?:upload|receive)-pack)$/.exec(url.pathname + url.search);
  if (found === null || url.hash !== "") throw stalled("UrlForbidden", "spec.url holds ? or #: write them %3F and %23");
  return [found[1] ?? "", found[2] as Service];
}

function repositoryPath(pathname: string): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw stalled("UrlForbidden", "the path of spec.url holds a % that encodes no UTF-8");
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(path))
    throw stalled("UrlForbidden", "the path of spec.url holds control characters");
  if (path.replaceAll("/", "") === "") throw stalled("UrlForbidden", "spec.url names a host but no repository");
  // As git does: `/~alice/shop` lies in the home folder of alice.
  const below = path.startsWith("/~") ? path.slice(1) : path;
  if (!/^[/~]/.test(below)) throw stalled("UrlForbidden", "the path of spec.url does not begin with /");
  return below;
}

/** One word, whatever it holds, for a POSIX shell and for the programs that read commands as one does. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''").replaceAll("!", "'\\!'")}'`;
}
