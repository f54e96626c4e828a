/** One push: gitprotocol-pack(5), "Pushing Data To a Server". */
import { retry, stalled } from "../failures.ts";
import type { RefUpdate } from "../values.ts";
import type { ReceivePack } from "./discover.ts";
import { zeroId } from "./object-id.ts";
import { encodePacket, flushPacket, readPackets } from "./pkt-line.ts";
import { type PushReport, parseReport } from "./push-report.ts";
import { failureOfErr } from "./server-error.ts";
import type { Transport } from "./transport.ts";
import { type PackEntry, writePack } from "./write-pack.ts";

/** As git itself: what is smaller goes with its length, the rest in chunks. */
const bufferBytes = 2 ** 20;
const maxRemarks = 16_384;
const maxReportBytes = 2 ** 20;

/** Throws Failure; when it does, nobody knows what the server did. */
export async function sendPack(
  transport: Transport,
  server: ReceivePack,
  push: {
    readonly updates: readonly RefUpdate[];
    readonly atomic: boolean;
    readonly entries: readonly PackEntry[];
    readonly agent: string;
  },
): Promise<PushReport> {
  const { capabilities } = server;
  const banded = capabilities.has("side-band-64k");
  const wanted = ["report-status", "side-band-64k", "quiet", "object-format", "agent"];
  const features = [...wanted, ...(push.atomic ? ["atomic"] : [])]
    .filter((name) => capabilities.has(name))
    .map((name) => (name === "object-format" ? "object-format=sha1" : name === "agent" ? `agent=${push.agent}` : name));
  const commands = push.updates.map(({ ref, from, to }, index) =>
    encodePacket(`${from ?? zeroId} ${to} ${ref}${index === 0 ? `\0 ${features.join(" ")}` : ""}`),
  );
  const head = Buffer.concat([...commands, flushPacket]);
  // Where refs are only removed there is no pack, not even an empty one.
  const removesOnly = push.updates.every(({ to }) => to === zeroId);
  const answer = await transport.send({
    method: "POST",
    url: `${server.url}/git-receive-pack`,
    headers: {
      "content-type": "application/x-git-receive-pack-request",
      accept: "application/x-git-receive-pack-result",
    },
    body: removesOnly ? head : await bodyOf(head, push.entries),
    idempotent: false,
    redirects: false,
  });
  return await readReport(answer.body, banded);
}

async function bodyOf(head: Buffer, entries: readonly PackEntry[]): Promise<Buffer | AsyncIterable<Uint8Array>> {
  const pieces = writePack(entries);
  const ready: Buffer[] = [head];
  let size = head.length;
  while (size < bufferBytes) {
    const next = await pieces.next();
    if (next.done) return Buffer.concat(ready, size);
    ready.push(next.value);
    size += next.value.length;
  }
  return (async function* () {
    yield* ready;
    yield* pieces;
  })();
}

async function readReport(body: AsyncIterable<Uint8Array>, banded: boolean): Promise<PushReport> {
  const status: Buffer[] = [];
  let size = 0;
  const add = (piece: Uint8Array): void => {
    size += piece.length;
    if (size > maxReportBytes) throw stalled("RemoteInvalid", "the server's report of a push does not end");
    status.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  };
  let remarks = "";
  if (!banded) {
    for await (const chunk of body) add(chunk);
    return parseReport(Buffer.concat(status), "");
  }
  const decoder = new TextDecoder();
  for await (const packet of readPackets(body)) {
    if (packet.type !== "Data") continue;
    const band = packet.data[0];
    const payload = packet.data.subarray(1);
    if (band === 1) add(payload);
    else if (band === 2 && remarks.length < maxRemarks) remarks += decoder.decode(payload, { stream: true });
    else if (band === 3) throw failureOfErr(payload.toString("utf8"));
  }
  if (status.length === 0 && remarks === "") {
    throw retry("RemoteUnreachable", "the server did not say what became of the push");
  }
  return parseReport(Buffer.concat(status), remarks);
}
