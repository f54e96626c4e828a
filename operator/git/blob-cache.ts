import type { BlobId } from "../values.ts";

interface Cached {
  readonly text: string;
  readonly size: number;
  sent: boolean;
}

/** The texts of blobs used last, up to a number of bytes. Knows of each whether the server has it. */
export class BlobCache {
  readonly #maxBytes: number;
  readonly #texts = new Map<BlobId, Cached>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(id: BlobId): string | undefined {
    const found = this.#texts.get(id);
    if (found === undefined) return undefined;
    this.#texts.delete(id);
    this.#texts.set(id, found);
    return found.text;
  }

  /** `size` in bytes. What the server once had, it is taken to have. */
  set(id: BlobId, text: string, size: number, sent: boolean): void {
    const known = this.#texts.get(id);
    if (known !== undefined) {
      known.sent ||= sent;
      this.get(id);
      return;
    }
    if (size > this.#maxBytes) return;
    this.#texts.set(id, { text, size, sent });
    this.#bytes += size;
    for (const [oldest, { size: freed }] of this.#texts) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#texts.delete(oldest);
      this.#bytes -= freed;
    }
  }

  /** undefined: not in the cache. */
  isSent(id: BlobId): boolean | undefined {
    return this.#texts.get(id)?.sent;
  }

  markSent(id: BlobId): void {
    const known = this.#texts.get(id);
    if (known !== undefined) known.sent = true;
  }

  keepOnly(ids: ReadonlySet<BlobId>): void {
    for (const [id, { size }] of this.#texts) {
      if (ids.has(id)) continue;
      this.#texts.delete(id);
      this.#bytes -= size;
    }
  }

  /** The server may have lost what it had. */
  forgetSent(): void {
    for (const cached of this.#texts.values()) cached.sent = false;
  }
}
