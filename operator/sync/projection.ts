/**
 * What a capture knows of the objects in its scope: per object its key and the blob of its manifest, never the object. Seeded from the record's `live`, so that the cluster compared with it is what was missed.
 */
import type { SkipReason } from "../api/reasons.ts";
import type { BlobId, Identity, Kind } from "../values.ts";

export interface Known {
  readonly identity: Identity;
  readonly blob: BlobId;
  readonly apiVersion: string;
  /** undefined until the cluster was seen to hold it: it stands in the record only. */
  readonly uid: string | undefined;
}

export class Projection {
  readonly #known = new Map<string, Known>();
  readonly #skipped = new Map<string, { readonly reason: SkipReason; readonly told: boolean }>();

  get size(): number {
    return this.#known.size;
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Whether the cluster was seen to hold it, in Git or not. */
  has(key: string): boolean {
    return this.#known.has(key) || this.#skipped.has(key);
  }

  keep(key: string, known: Known): void {
    this.#known.set(key, known);
    this.#skipped.delete(key);
  }

  forget(key: string): Known | undefined {
    const known = this.#known.get(key);
    this.#known.delete(key);
    this.#skipped.delete(key);
    return known;
  }

  /**
   * Notes that an object is skipped; `tell` says whether a person is to be told, which happens once per object, and
   * `known` what it was until now.
   */
  skip(
    key: string,
    reason: SkipReason,
    byPerson: boolean,
  ): { readonly known: Known | undefined; readonly tell: boolean } {
    const known = this.#known.get(key);
    this.#known.delete(key);
    return { known, tell: this.hold(key, reason, byPerson) };
  }

  /** Notes that an object is skipped as it is now, and stays known as it was. Answers whether a person is to be told. */
  hold(key: string, reason: SkipReason, byPerson: boolean): boolean {
    const told = this.#skipped.get(key)?.told ?? false;
    this.#skipped.set(key, { reason, told: told || byPerson });
    return byPerson && !told;
  }

  /** Number of skipped objects by reason. */
  skipped(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { reason } of this.#skipped.values()) counts[reason] = (counts[reason] ?? 0) + 1;
    return counts;
  }

  /** The objects of a kind in a scope that a complete list did not name. */
  *absent(kind: Kind, keys: ReadonlySet<string>): IterableIterator<readonly [string, Known]> {
    for (const [key, known] of this.#known) {
      if (known.identity.kind === kind.kind && known.identity.group === kind.group && !keys.has(key))
        yield [key, known];
    }
  }

  /** Skipped objects that a complete list of their kind did not name are gone. `owns` tells the kind from the key. */
  forgetSkipped(owns: (key: string) => boolean, keys: ReadonlySet<string>): void {
    for (const key of this.#skipped.keys()) if (owns(key) && !keys.has(key)) this.#skipped.delete(key);
  }

  *entries(): IterableIterator<readonly [string, Known]> {
    yield* this.#known;
  }
}
