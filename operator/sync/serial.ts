/**
 * Runs work one at a time per key: the one writer per (repository, branch). Jobs of a key run in the order in which
 * they were asked for; jobs of different keys run side by side. A job that throws does not stop the next.
 */
export interface Serial {
  run<T>(key: string, job: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is running or waiting. */
  idle(): Promise<void>;
}

export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run<T>(key: string, job: () => Promise<T>): Promise<T> {
      const before = tails.get(key) ?? Promise.resolve();
      const mine = before.then(job, job);
      const forget = (): void => {
        if (tails.get(key) === settled) tails.delete(key);
      };
      const settled: Promise<void> = mine.then(forget, forget);
      tails.set(key, settled);
      return mine;
    },
    async idle(): Promise<void> {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
}
