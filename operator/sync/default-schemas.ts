/** The defaults of kinds that are asked for, looked at again and again: a CRD may get others at any time. */
import { asFailure } from "../failures.ts";
import type { Cancel, Clock, Log } from "../ports.ts";
import type { Kind } from "../values.ts";
import { backoff } from "./backoff.ts";
import type { KindSchemas, PublishedSchema } from "./kind-schemas.ts";

export interface DefaultSchemas {
  /** Waits while the API server cannot be reached, and some seconds for a kind that came just now to be published. */
  of(kind: Kind): PublishedSchema | Promise<PublishedSchema>;
  close(): void;
}

export interface DefaultSchemasOptions {
  readonly schemas: KindSchemas;
  readonly clock: Clock;
  readonly log: Log;
  /** The defaults of a kind are no longer what `of` said: what was written without them may mean something else now. */
  readonly onChange: (kind: Kind) => void;
}

interface Known {
  readonly kind: Kind;
  readonly published: PublishedSchema;
}

const checkMs = 30_000;
/** The documents of new CRDs come within about a second. */
const absentTries = 4;
const retries = { firstMs: 1_000, maxMs: 30_000 };

export function createDefaultSchemas({ schemas, clock, log, onChange }: DefaultSchemasOptions): DefaultSchemas {
  const known = new Map<string, Known>();
  const asked = new Map<string, Promise<PublishedSchema>>();
  let timer: Cancel | undefined;
  let closed = false;

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  async function first(kind: Kind): Promise<PublishedSchema> {
    for (let attempt = 0, absent = 0; ; attempt++) {
      try {
        const published = await schemas.now(kind);
        if (published.schema !== undefined || ++absent === absentTries || closed) return published;
      } catch (error) {
        if (closed) throw error;
        log.debug({ kind: kind.kind, err: asFailure(error).message }, "the schema of a kind cannot be read");
      }
      await sleep(backoff(attempt, retries, clock.random()));
    }
  }

  async function check(): Promise<void> {
    for (const [key, { kind, published }] of known) {
      try {
        const now = await schemas.now(kind);
        if (now === published || (now.schema === undefined && published.schema === undefined)) continue;
        known.set(key, { kind, published: now });
        onChange(kind);
      } catch (error) {
        log.debug({ kind: kind.kind, err: asFailure(error).message }, "the schema of a kind cannot be read");
      }
    }
    if (!closed) checkLater();
  }

  function checkLater(): void {
    timer = clock.after(checkMs, () => void check());
  }

  return {
    of(kind) {
      const key = `${kind.group}/${kind.version}/${kind.kind}`;
      const found = known.get(key)?.published ?? asked.get(key);
      if (found !== undefined) return found;
      const answer = first(kind)
        .then((published) => {
          known.set(key, { kind, published });
          if (timer === undefined && !closed) checkLater();
          return published;
        })
        .finally(() => asked.delete(key));
      asked.set(key, answer);
      return answer;
    },
    close() {
      closed = true;
      timer?.();
    },
  };
}
