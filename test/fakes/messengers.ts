/** A chat in memory: what was said, in order, and what may go wrong. */
import type { Failure } from "../../operator/failures.ts";
import type { Messengers } from "../../operator/ports.ts";
import type { Alert } from "../../operator/values.ts";

export interface FakeMessage {
  readonly step: "Post" | "Update" | "Repeat";
  readonly handle: string;
  readonly alert: Alert;
}

export interface FakeMessengers extends Messengers {
  /** Everything that was said. */
  readonly said: readonly FakeMessage[];
  /** The next requests fail, one each. */
  failNext(...failures: readonly Failure[]): void;
}

export function createFakeMessengers(): FakeMessengers {
  const said: FakeMessage[] = [];
  const failures: Failure[] = [];
  let posts = 0;
  const say = (step: FakeMessage["step"], known: string, alert: Alert): Promise<string> => {
    const failure = failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const handle = step === "Post" ? `m${++posts}` : known;
    said.push({ step, handle, alert });
    return Promise.resolve(handle);
  };
  return {
    said,
    failNext: (...next) => void failures.push(...next),
    open: () => ({
      check: () => Promise.resolve(),
      post: (alert) => say("Post", "", alert),
      update: (alert, _id, handle) => say("Update", handle, alert),
      repeat: async (alert, _id, handle) => void (await say("Repeat", handle, alert)),
    }),
  };
}
