/** What a server can do: gitprotocol-v2(5) and gitprotocol-capabilities(5), read by isomorphic-git over our transport. */
import { getRemoteInfo2, type HttpClient } from "isomorphic-git";
import { Failure, retry, stalled } from "../failures.ts";
import { plainText } from "../net/plain-text.ts";
import type { CommitId, RefName } from "../values.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { isObjectId } from "./object-id.ts";
import { flushPacket } from "./pkt-line.ts";
import type { Transport } from "./transport.ts";

export interface UploadPack {
  /** Of the repository, after redirects, without a slash at its end. */
  readonly url: string;
  readonly filter: boolean;
  readonly unborn: boolean;
  readonly objectFormat: boolean;
  /** Of a server that speaks only the protocol before version 2. */
  readonly old: OldUploadPack | undefined;
}

/** What it offers, and its refs, with which that protocol begins. */
export interface OldUploadPack {
  readonly capabilities: ReadonlySet<string>;
  readonly refs: ReadonlyMap<RefName, CommitId>;
  /** What HEAD points to; undefined where the server does not say. */
  readonly head: RefName | undefined;
}

export interface ReceivePack {
  readonly url: string;
  readonly capabilities: ReadonlySet<string>;
}

/** Asks for protocol version 2, and takes the one before where the server does not know it. */
export async function discoverUploadPack(transport: Transport, url: string): Promise<UploadPack> {
  const found = await discover(transport, url, false);
  const { info } = found;
  const values = info.capabilities as Readonly<Record<string, string | true | undefined>>;
  checkFormat(values["object-format"]);
  if (info.protocolVersion !== 2) return { url: found.url, ...oldUploadPack(info, values) };
  const words = (name: string): readonly string[] => String(values[name] ?? "").split(" ");
  return {
    url: found.url,
    filter: words("fetch").includes("filter"),
    unborn: words("ls-refs").includes("unborn"),
    objectFormat: values["object-format"] !== undefined,
    old: undefined,
  };
}

function oldUploadPack(
  { refs = [] }: Info,
  values: Readonly<Record<string, string | true | undefined>>,
): Omit<UploadPack, "url"> {
  const head = refs.find(({ ref }) => ref === "HEAD")?.target ?? /^HEAD:(.*)$/.exec(String(values["symref"]))?.[1];
  const commits = refs.filter(({ ref, oid }) => isObjectId(oid) && !ref.endsWith("^{}"));
  return {
    filter: values["filter"] !== undefined,
    unborn: false,
    objectFormat: values["object-format"] !== undefined,
    old: {
      capabilities: new Set(Object.keys(values)),
      refs: new Map(commits.map(({ ref, oid }) => [ref, oid])),
      head,
    },
  };
}

/** What it can do for a push. Throws Failure AuthenticationFailed where these credentials may only read. */
export async function discoverReceivePack(transport: Transport, url: string): Promise<ReceivePack> {
  const found = await discover(transport, url, true);
  const values = found.info.capabilities as Readonly<Record<string, string | true | undefined>>;
  checkFormat(values["object-format"]);
  if (values["report-status"] === undefined) {
    throw stalled("RemoteInvalid", "the server does not tell what becomes of a push (report-status)");
  }
  return { url: found.url, capabilities: new Set(Object.keys(values)) };
}

/** Of the list of what a server can do, and of all its refs, in bytes. */
const maxBytes = 32 * 2 ** 20;

/** isomorphic-git knows URLs of HTTP alone, and has no need to know ours. */
const standIn = "https://git.invalid";

type Info = Awaited<ReturnType<typeof getRemoteInfo2>>;

async function discover(
  transport: Transport,
  url: string,
  forPush: boolean,
): Promise<{ readonly info: Info; readonly url: string }> {
  transport.admit(url);
  const base = url.replace(/\/+$/, "");
  let finalUrl = url;
  let contentType = "";
  const http: HttpClient = {
    async request(asked) {
      const headers = asked.headers ?? {};
      const answer = await transport.send({
        method: "GET",
        url: asked.url.replace(standIn, () => base),
        headers,
        idempotent: true,
        redirects: true,
      });
      finalUrl = answer.url;
      contentType = answer.contentType;
      // Read here: isomorphic-git would take a body that fails for one that has ended.
      const gathered = new GatheredBytes();
      for await (const chunk of answer.body) {
        gathered.add(chunk);
        if (gathered.size > maxBytes) throw stalled("RemoteInvalid", `the server lists more than ${maxBytes} bytes`);
      }
      const whole = gathered.join();
      // What is cut off would be taken for a server that can do less.
      if (contentType.startsWith("application/x-git-") && !whole.subarray(-4).equals(flushPacket)) {
        throw retry("RemoteUnreachable", "the server's list of what it can do ended early");
      }
      const body = (async function* () {
        yield whole;
      })();
      return { url: answer.url, statusCode: 200, statusMessage: "OK", headers: { "content-type": contentType }, body };
    },
  };
  try {
    const info = await getRemoteInfo2({
      http,
      url: standIn,
      forPush,
      protocolVersion: forPush ? 1 : 2,
    });
    return { info, url: finalUrl.replace(/\/info\/refs(\?.*)?$/, "") };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const what = contentType.startsWith("text/html") ? "a web page" : "something else";
    throw stalled("RemoteInvalid", `the server answers ${what} where git's answer is expected`, undefined, error);
  }
}

function checkFormat(format: string | true | undefined): void {
  if (format === undefined || format === "sha1") return;
  throw stalled(
    "RemoteInvalid",
    `the repository's object format is ${plainText(String(format), 40)}: only sha1 is supported`,
  );
}
