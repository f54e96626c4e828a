/** Keeps the registration as it should be: one write at a time, so that the last scope asked for is the one that stands. */
import type { Kind } from "../../operator/values.ts";

export interface RegisteredScope {
  readonly kinds: readonly Kind[];
  readonly namespaces: readonly string[];
}

export interface Registrar {
  /** Resolves once the API server has taken it; rejects with what `apply` throws. */
  register(kinds: readonly Kind[], namespaces: readonly string[]): Promise<void>;
  /** Whether it was ever asked to register: a replica that stands by is not. */
  readonly isUsed: boolean;
  /** Writes the last scope anew, if there is one: somebody removed or changed the registration, or the certificate is another. */
  again(): Promise<void>;
}

export function createRegistrar(apply: (scope: RegisteredScope) => Promise<void>): Registrar {
  let scope: RegisteredScope | undefined;
  let queue: Promise<void> = Promise.resolve();
  const again = (): Promise<void> => {
    const done = queue.then(() => scope && apply(scope));
    queue = done.catch(() => undefined);
    return done;
  };
  return {
    get isUsed() {
      return scope !== undefined;
    },
    register(kinds, namespaces) {
      scope = { kinds, namespaces };
      return again();
    },
    again,
  };
}
