/** What a Secret holds, and what to say of what it lacks. */
import { type Failure, stalled } from "../failures.ts";
import type { JsonObject } from "../values.ts";

/** A Secret's `data`, decoded. */
export class SecretKeys {
  readonly #texts = new Map<string, string>();
  readonly #name: string;
  readonly #field: string;

  constructor(secret: JsonObject | undefined, field: string) {
    const { data, metadata } = (secret ?? {}) as {
      readonly data?: unknown;
      readonly metadata?: { readonly name?: unknown };
    };
    this.#name = typeof metadata?.name === "string" ? metadata.name : "";
    this.#field = field;
    if (data === null || typeof data !== "object" || Array.isArray(data)) return;
    for (const [key, value] of Object.entries(data)) {
      if (typeof value === "string") this.#texts.set(key, Buffer.from(value, "base64").toString("utf8"));
    }
  }

  /** No Secret is named at all. */
  get none(): boolean {
    return this.#name === "";
  }

  /** Of the first of these keys that is there and not empty. */
  text(...names: readonly [string, ...string[]]): string | undefined {
    return names.map((name) => this.#texts.get(name)).find((text) => text !== undefined && text.trim() !== "");
  }

  lacks(what: string): Failure {
    const there = this.#texts.size === 0 ? "no keys" : `the keys ${[...this.#texts.keys()].toSorted().join(", ")}`;
    const message = this.none
      ? `${this.#field}: this URL needs a Secret: give it ${what}`
      : `Secret ${this.#name} (${this.#field}) holds ${there}: give it ${what}`;
    return stalled("SecretInvalid", message, { secret: this.#name });
  }
}
