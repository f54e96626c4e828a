/** A chat in memory: what was said, in order, and what may go wrong. */
import type { Failure } from "../../operator/failures.ts";
import type { AlertPress, Messengers, PressListener } from "../../operator/ports.ts";
import type { Alert, AlertAction } from "../../operator/values.ts";

export interface FakeMessage {
  readonly step: "Post" | "Update" | "Repeat";
  readonly handle: string;
  readonly alert: Alert;
}

export interface FakeMessengers extends Messengers {
  /** Everything that was said. */
  readonly said: readonly FakeMessage[];
  /** Presses a button of the last message about one object; answers what is replied. */
  press(who: string, action: AlertAction, change?: Partial<AlertPress>): Promise<string>;
  /** The next requests fail, one each. */
  failNext(...failures: readonly Failure[]): void;
}

export function createFakeMessengers(): FakeMessengers {
  const said: FakeMessage[] = [];
  const failures: Failure[] = [];
  let posts = 0;
  let listener: PressListener | undefined;
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
    press: (who, action, change = {}) =>
      new Promise((resolve) => {
        const [item] = said.findLast(({ alert }) => alert.total === 1)?.alert.items ?? [];
        const reply = (text: string): Promise<void> => Promise.resolve(resolve(text));
        listener?.onPress({ who, action, id: item?.id ?? "", live: item?.live ?? "", reply, ...change });
      }),
    listen(_access, wanted) {
      listener = wanted;
      return { close: () => Promise.resolve() };
    },
    readPresses: () => undefined,
    open: () => ({
      check: () => Promise.resolve(),
      post: (alert) => say("Post", "", alert),
      update: (alert, _id, handle) => say("Update", handle, alert),
      repeat: async (alert, _id, handle) => void (await say("Repeat", handle, alert)),
    }),
  };
}
