/** The command fetch of gitprotocol-v2(5): one round, ended by `done`. */
import { retry, stalled } from "../failures.ts";
import type { ObjectId } from "../values.ts";
import type { UploadPack } from "./discover.ts";
import { fetchPackV0 } from "./fetch-pack-v0.ts";
import type { Limits } from "./limits.ts";
import { PackStream } from "./pack-stream.ts";
import { delimiterPacket, encodePacket, flushPacket, lineOf, readPackets } from "./pkt-line.ts";
import { failureOfErr } from "./server-error.ts";
import type { Transport } from "./transport.ts";
import { uploadPackRequest } from "./upload-pack-request.ts";

export interface FetchRequest {
  readonly wants: readonly ObjectId[];
  /** Commits whose objects, and whose ancestors', are not to be sent. */
  readonly haves: readonly ObjectId[];
  /** How many commits of each line; undefined: all that `haves` do not cut off. */
  readonly deepen: number | undefined;
  /** What is left out, where the server can: nothing, the texts of files, or everything but commits. */
  readonly filter: "blob:none" | "tree:0" | undefined;
  /** Gives up where the pack would hold more objects than this, and answers undefined; undefined: never. */
  readonly maxObjects: number | undefined;
}

/** What may come besides the pack, in bytes: its sections, and progress, which is asked not to come. */
const maxBytesBesides = 4 * 2 ** 20;

/** The pack, its checksum included, in memory of its own. */
export async function fetchPack(
  transport: Transport,
  server: UploadPack,
  asked: FetchRequest,
  options: { readonly agent: string; readonly limits: Limits },
): Promise<Buffer | undefined> {
  if (server.old !== undefined) return await fetchPackV0(transport, server, server.old, asked, options);
  const args = [
    "no-progress",
    "ofs-delta",
    ...(asked.filter !== undefined && server.filter ? [`filter ${asked.filter}`] : []),
    ...(asked.deepen === undefined ? [] : [`deepen ${asked.deepen}`]),
    ...asked.wants.map((id) => `want ${id}`),
    ...asked.haves.map((id) => `have ${id}`),
    "done",
  ];
  const body = Buffer.concat([
    encodePacket("command=fetch\n"),
    encodePacket(`agent=${options.agent}\n`),
    ...(server.objectFormat ? [encodePacket("object-format=sha1\n")] : []),
    delimiterPacket,
    ...args.map((arg) => encodePacket(`${arg}\n`)),
    flushPacket,
  ]);
  const answer = await transport.send(uploadPackRequest(server.url, body));
  return await readPackSection(answer.body, new PackStream(options.limits, asked.maxObjects));
}

async function readPackSection(body: AsyncIterable<Uint8Array>, pack: PackStream): Promise<Buffer | undefined> {
  let besides = 0;
  let section = "";
  for await (const packet of readPackets(body)) {
    const isPack = section === "packfile" && packet.type === "Data" && packet.data[0] === 1;
    if (!isPack && (besides += packet.type === "Data" ? packet.data.length + 4 : 4) > maxBytesBesides) {
      throw stalled("RemoteInvalid", "the server sends much that is no pack where one is expected");
    }
    if (packet.type === "Delimiter") {
      section = "";
      continue;
    }
    if (packet.type !== "Data") {
      if (section === "packfile") return pack.join();
      break;
    }
    if (section !== "packfile") {
      const line = lineOf(packet.data);
      if (line.startsWith("ERR ")) throw failureOfErr(line.slice(4));
      if (section === "") section = line;
      continue;
    }
    if (packet.data[0] === 3) throw failureOfErr(packet.data.toString("utf8", 1));
    if (isPack && !pack.add(packet.data.subarray(1))) return undefined;
  }
  if (section === "") throw stalled("RemoteInvalid", "the server's answer to a fetch is not the git protocol");
  throw retry("RemoteUnreachable", "the server's answer to a fetch ended early");
}
