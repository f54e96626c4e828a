/** Bytes that come in pieces, however small: what is held is little more than the bytes. */
export class GatheredBytes {
  size = 0;
  readonly #blocks: Buffer[] = [];
  #free: Buffer = Buffer.alloc(0);

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#free.length === 0) {
        this.#free = Buffer.allocUnsafeSlow(Math.min(maxBlock, Math.max(minBlock, this.size)));
        this.#blocks.push(this.#free);
      }
      const part = piece.subarray(at, at + this.#free.length);
      this.#free.set(part);
      this.#free = this.#free.subarray(part.length);
      at += part.length;
      this.size += part.length;
    }
  }

  /** All of them, in memory of their own. */
  join(): Buffer {
    const all = Buffer.allocUnsafeSlow(this.size);
    let at = 0;
    for (const block of this.#blocks) at += block.copy(all, at);
    return all;
  }
}

const minBlock = 4_096;
const maxBlock = 2 ** 20;
