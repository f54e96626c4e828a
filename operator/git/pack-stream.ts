/** A pack as it arrives: gathered within limits. */
import { stalled } from "../failures.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import type { Limits } from "./limits.ts";

export class PackStream {
  readonly #limits: Limits;
  readonly #maxObjects: number | undefined;
  readonly #bytes = new GatheredBytes();

  /** `maxObjects`: past it the pack is not wanted; undefined: it always is. */
  constructor(limits: Limits, maxObjects: number | undefined) {
    this.#limits = limits;
    this.#maxObjects = maxObjects;
  }

  /** Answers whether the pack is still wanted. Throws Failure RemoteInvalid past a limit. */
  add(piece: Uint8Array): boolean {
    const before = this.#bytes.size;
    this.#bytes.add(piece);
    const { size } = this.#bytes;
    const { packBytes, packObjects } = this.#limits;
    if (size > packBytes) throw stalled("RemoteInvalid", `the server's pack is past ${packBytes} bytes`);
    if (before >= 12 || size < 12) return true;
    const count = this.#bytes.join().readUInt32BE(8);
    if (this.#maxObjects !== undefined && count > this.#maxObjects) return false;
    if (count > packObjects) throw stalled("RemoteInvalid", `the server's pack holds ${count} objects`);
    return true;
  }

  /** In memory of its own. */
  join(): Buffer {
    return this.#bytes.join();
  }
}
