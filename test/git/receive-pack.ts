/**
 * What a push says and what the server answers, read off the wire: gitprotocol-pack(5), "Pushing Data To a Server"
 * and "Report Status".
 */

/** One ref of a push. `status` and `reason` are the server's words, absent until (or unless) it reported. */
export interface RefUpdate {
  readonly ref: string;
  /** Object ids; all zeros for "does not exist" (`old`) and "delete" (`new`). */
  readonly old: string;
  readonly new: string;
  status?: "ok" | "ng";
  reason?: string;
}

/** The commands of a push, and every byte read so far (more than the commands, when more had come already). */
export interface PushHead {
  readonly refs: RefUpdate[];
  readonly capabilities: readonly string[];
  readonly consumed: Buffer;
}

/**
 * Reads a receive-pack request up to the flush packet that ends its commands, and no chunk further.
 * Answers no refs for a body that is only a flush packet (git's probe before a chunked push) or that is no pkt-line.
 */
export async function readPushHead(body: AsyncIterator<Buffer>): Promise<PushHead> {
  let consumed: Buffer = Buffer.alloc(0);
  let offset = 0;
  let capabilities: readonly string[] = [];
  const refs: RefUpdate[] = [];
  for (;;) {
    while (consumed.length >= offset + 4) {
      const length = Number.parseInt(consumed.toString("latin1", offset, offset + 4), 16);
      if (!(length >= 4)) return { refs, capabilities, consumed };
      if (consumed.length < offset + length) break;
      const line = consumed.toString("utf8", offset + 4, offset + length);
      offset += length;
      const [command = "", features] = line.split("\0");
      if (features !== undefined) capabilities = features.trim().split(" ");
      const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.+?)\n?$/.exec(command);
      if (match) refs.push({ old: match[1] ?? "", new: match[2] ?? "", ref: match[3] ?? "" });
    }
    const next = await body.next();
    if (next.done) return { refs, capabilities, consumed };
    consumed = consumed.length === 0 ? next.value : Buffer.concat([consumed, next.value]);
  }
}

/** Writes the server's word on each ref (`report-status`, inside a side band where there is one) into `refs`. */
export function readReport(answer: Buffer, capabilities: readonly string[], refs: readonly RefUpdate[]): void {
  const banded = capabilities.some((capability) => capability.startsWith("side-band"));
  const report = banded
    ? Buffer.concat([...packets(answer)].filter((packet) => packet[0] === 1).map((packet) => packet.subarray(1)))
    : answer;
  for (const packet of packets(report)) {
    const match = /^(ok|ng) (\S+)(?: (.*))?$/.exec(packet.toString("utf8").trimEnd());
    const update = match && refs.find((candidate) => candidate.ref === match[2]);
    if (!match || !update) continue;
    update.status = match[1] === "ok" ? "ok" : "ng";
    if (match[3] !== undefined) update.reason = match[3];
  }
}

function* packets(bytes: Buffer): Generator<Buffer> {
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const length = Number.parseInt(bytes.toString("latin1", offset, offset + 4), 16);
    if (Number.isNaN(length)) return;
    if (length > 4) yield bytes.subarray(offset + 4, offset + length);
    offset += Math.max(4, length);
  }
}
