/** The command ls-refs of gitprotocol-v2(5), or the refs that the protocol before it begins with. */
import { retry, stalled } from "../failures.ts";
import type { CommitId, RefName } from "../values.ts";
import { discoverUploadPack, type UploadPack } from "./discover.ts";
import type { Limits } from "./limits.ts";
import { isObjectId } from "./object-id.ts";
import { delimiterPacket, encodePacket, flushPacket, lineOf, readPackets } from "./pkt-line.ts";
import { failureOfErr } from "./server-error.ts";
import type { Transport } from "./transport.ts";
import { uploadPackRequest } from "./upload-pack-request.ts";

export interface ListedRefs {
  /** Of the refs asked for, those that exist. */
  readonly refs: ReadonlyMap<RefName, CommitId>;
  /** What HEAD points to, even if unborn; undefined where the server does not say. */
  readonly head: RefName | undefined;
}

export async function lsRefs(
  transport: Transport,
  server: UploadPack,
  names: readonly RefName[],
  options: { readonly agent: string; readonly limits: Limits },
): Promise<ListedRefs> {
  if (server.old !== undefined) return await oldRefs(transport, server, names, options.limits);
  const args = [
    "symrefs",
    ...(server.unborn ? ["unborn"] : []),
    ...["HEAD", ...names].map((name) => `ref-prefix ${name}`),
  ];
  const body = Buffer.concat([
    encodePacket("command=ls-refs\n"),
    encodePacket(`agent=${options.agent}\n`),
    ...(server.objectFormat ? [encodePacket("object-format=sha1\n")] : []),
    delimiterPacket,
    ...args.map((arg) => encodePacket(`${arg}\n`)),
    flushPacket,
  ]);
  const answer = await transport.send(uploadPackRequest(server.url, body));
  const wanted = new Set(names);
  const refs = new Map<RefName, CommitId>();
  let head: RefName | undefined;
  let count = 0;
  for await (const packet of readPackets(answer.body)) {
    if (packet.type === "Flush") return { refs, head };
    if (packet.type !== "Data") break;
    if (++count > options.limits.refs) throw stalled("RemoteInvalid", `the server lists more than ${count - 1} refs`);
    const line = lineOf(packet.data);
    if (line.startsWith("ERR ")) throw failureOfErr(line.slice(4));
    const [id = "", name = "", ...attributes] = line.split(" ");
    if (!isObjectId(id) && id !== "unborn") break;
    if (name === "HEAD") {
      const target = attributes.find((attribute) => attribute.startsWith("symref-target:"));
      head = target?.slice("symref-target:".length);
    } else if (wanted.has(name)) refs.set(name, id);
  }
  if (count === 0) throw retry("RemoteUnreachable", "the server's list of refs ended early");
  throw stalled("RemoteInvalid", "the server's list of refs is not the git protocol");
}

async function oldRefs(
  transport: Transport,
  { url }: UploadPack,
  names: readonly RefName[],
  limits: Limits,
): Promise<ListedRefs> {
  const { old } = await discoverUploadPack(transport, url);
  if (old === undefined) throw retry("RemoteUnreachable", "the server speaks another protocol than a moment ago");
  if (old.refs.size > limits.refs) throw stalled("RemoteInvalid", `the server lists more than ${limits.refs} refs`);
  const refs = new Map<RefName, CommitId>();
  for (const name of names) {
    const tip = old.refs.get(name);
    if (tip !== undefined) refs.set(name, tip);
  }
  return { refs, head: old.head };
}
