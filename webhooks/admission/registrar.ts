/** Keeps the registration as it should be: one write at a time, so that the last scope asked for is the one that stands. */
import type { Kind } from "../../operator/values.ts";

export interface RegisteredScope {
  readonly kinds: readonly Kind[];
  readonly namespaces: readonly string[];
}

export interface Registrar {
  /** Resolves once the API server has taken it; rejects with what `apply` throws. */
  register(kinds: readonly Kind[], namespaces: readonly string[]): Promise<void>;
  /** Writes the last scope anew: somebody removed or changed the registration, or the certificate is another. */
  again(): Promise<void>;
}

export function createRegistrar(apply: (scope: RegisteredScope) => Promise<void>): Registrar {
  let scope: RegisteredScope = { kinds: [], namespaces: [] };
  let queue: Promise<void> = Promise.resolve();
  const again = (): Promise<void> => {
    const done = queue.then(() => apply(scope));
    queue = done.catch(() => undefined);
    return done;
  };
  return {
    register(kinds, namespaces) {
      scope = { kinds, namespaces };
      return again();
    },
    again,
  };
}
