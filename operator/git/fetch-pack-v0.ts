/** A fetch by the protocol before version 2 (gitprotocol-pack(5)), in one round ended by `done`, for any transport. */
import { retry, stalled } from "../failures.ts";
import type { OldUploadPack, UploadPack } from "./discover.ts";
import type { FetchRequest } from "./fetch-pack.ts";
import type { Limits } from "./limits.ts";
import { PackStream } from "./pack-stream.ts";
import { encodePacket, flushPacket, lineOf, readPackets } from "./pkt-line.ts";
import { failureOfErr } from "./server-error.ts";
import type { Transport } from "./transport.ts";

/** What may come besides the pack, in bytes: acknowledgements, shallow commits and progress. */
const maxBytesBesides = 4 * 2 ** 20;

/** The pack, its checksum included; undefined where it holds more than `maxObjects`. */
export async function fetchPackV0(
  transport: Transport,
  server: UploadPack,
  old: OldUploadPack,
  asked: FetchRequest,
  options: { readonly agent: string; readonly limits: Limits },
): Promise<Buffer | undefined> {
  const band = ["side-band-64k", "side-band"].find((name) => old.capabilities.has(name));
  if (band === undefined) throw stalled("RemoteInvalid", "the server sends packs without a side band: it is too old");
  const isShallow = asked.deepen !== undefined && old.capabilities.has("shallow");
  const filter = server.filter ? asked.filter : undefined;
  const features = [
    band,
    ...["ofs-delta", "no-progress"].filter((name) => old.capabilities.has(name)),
    ...(filter === undefined ? [] : ["filter"]),
    ...(server.objectFormat ? ["object-format=sha1"] : []),
    ...(old.capabilities.has("agent") ? [`agent=${options.agent}`] : []),
  ].join(" ");
  const body = Buffer.concat([
    ...asked.wants.map((id, index) => encodePacket(`want ${id}${index === 0 ? ` ${features}` : ""}\n`)),
    ...(isShallow ? [encodePacket(`deepen ${asked.deepen}\n`)] : []),
    ...(filter === undefined ? [] : [encodePacket(`filter ${filter}\n`)]),
    flushPacket,
    ...asked.haves.map((id) => encodePacket(`have ${id}\n`)),
    encodePacket("done\n"),
  ]);
  const answer = await transport.send({
    method: "POST",
    url: `${server.url}/git-upload-pack`,
    headers: {
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
    },
    body,
    idempotent: true,
    redirects: false,
  });
  return await readAnswer(answer.body, new PackStream(options.limits, asked.maxObjects), isShallow);
}

/** Shallow commits and a flush where they were asked for, acknowledgements, then the pack on band 1, and a flush. */
async function readAnswer(
  body: AsyncIterable<Uint8Array>,
  pack: PackStream,
  isShallow: boolean,
): Promise<Buffer | undefined> {
  let besides = 0;
  let isInPack = false;
  let awaitsShallow = isShallow;
  for await (const packet of readPackets(body)) {
    if (packet.type === "Flush" && awaitsShallow) {
      awaitsShallow = false;
      continue;
    }
    if (packet.type !== "Data") {
      if (isInPack) return pack.join();
      break;
    }
    if (packet.data[0] === 1) {
      isInPack = true;
      if (!pack.add(packet.data.subarray(1))) return undefined;
      continue;
    }
    if (packet.data[0] === 3) throw failureOfErr(packet.data.toString("utf8", 1));
    besides += packet.data.length + 4;
    if (besides > maxBytesBesides) {
      throw stalled("RemoteInvalid", "the server sends much that is no pack where one is expected");
    }
    if (packet.data[0] === 2) continue;
    const line = lineOf(packet.data);
    if (line.startsWith("ERR ")) throw failureOfErr(line.slice(4));
    if (isInPack || !/^(NAK|ACK [0-9a-f]{40}.*|(un)?shallow [0-9a-f]{40})$/.test(line)) {
      throw stalled("RemoteInvalid", "the server's answer to a fetch is not the git protocol");
    }
  }
  throw retry("RemoteUnreachable", "the server's answer to a fetch ended early");
}
