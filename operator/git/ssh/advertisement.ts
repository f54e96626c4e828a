/** What upload-pack and receive-pack say first: packets (gitprotocol-common(5)) up to a flush packet. */
import { stalled } from "../../failures.ts";
import { plainText } from "../../net/plain-text.ts";
import { maxPayload } from "../pkt-line.ts";

export interface Advertisement {
  /** Whether its flush packet came. */
  readonly whole: boolean;
  /** What came after it. */
  readonly rest: Buffer;
}

/** `read` answers undefined at the end. `keep` is told of all that belongs to it. Throws Failure RemoteInvalid. */
export async function readAdvertisement(
  read: () => Promise<Buffer | undefined>,
  keep: (bytes: Buffer) => void,
): Promise<Advertisement> {
  let digits = "";
  let left = 0;
  for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
        continue;
      }
      digits += String.fromCharCode(chunk[at++] ?? 0);
      if (digits.length < 4) continue;
      const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
      if (length < 0 || length > maxPayload + 4) throw noGit(digits + chunk.toString("utf8", at, at + 1_000));
      digits = "";
      left = Math.max(0, length - 4);
      if (length === 0) {
        keep(chunk.subarray(0, at));
        return { whole: true, rest: chunk.subarray(at) };
      }
    }
    keep(chunk);
  }
  return { whole: false, rest: Buffer.alloc(0) };
}

function noGit(text: string): Error {
  const words = plainText(text, 200);
  return stalled("RemoteInvalid", `the server prints what is not git's answer: ${words}`);
}
