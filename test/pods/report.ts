/** Writes the status of one Pod, one version after the other, until the API server has it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import type { Condition, Pod } from "./pod.ts";
import { type Known, podStatus, timestamp } from "./status.ts";

export interface Reporter {
  /** Resolves when what is known now, or later, is written. Rejects when the API server refuses it. */
  report(): Promise<void>;
  /** Takes the Pod off the API server: the node is done with it. */
  remove(): Promise<void>;
}

const RETRY_MS = 500;

/** Until the signal; `known` is read for each writing. */
export function createReporter(
  controlPlane: ControlPlane,
  { metadata: { namespace, name, uid } }: Pod,
  known: () => Known,
  signal: AbortSignal,
): Reporter {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const contentType = "application/strategic-merge-patch+json";
  let conditions: readonly Condition[] = [];
  let written = "";
  let writing = Promise.resolve();

  /** Sends until there is an answer that says more than `later`. 404 and 409: the Pod is gone, or another has its name. */
  const send = async (
    method: string,
    to: string,
    body: object,
    options?: { readonly contentType: string },
  ): Promise<void> => {
    while (!signal.aborted) {
      const answer = await controlPlane.request("admin", method, to, body, options).catch(() => undefined);
      if (answer === undefined || answer.status >= 500 || answer.status === 429) {
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      } else if ([200, 404, 409].includes(answer.status)) return;
      else throw new Error(`${method} ${to}: ${JSON.stringify(answer.body)}`);
    }
  };
  const write = async (): Promise<void> => {
    const status = podStatus(known(), conditions, timestamp());
    const text = JSON.stringify(status);
    if (text === written) return;
    await send("PATCH", `${path}/status`, { metadata: { uid }, status }, { contentType });
    ({ conditions } = status);
    written = text;
  };
  return {
    report() {
      const before = writing;
      writing = (async () => {
        await before;
        await write();
      })();
      writing.catch(() => undefined);
      return writing;
    },
    async remove() {
      await writing;
      await send("DELETE", path, { gracePeriodSeconds: 0, preconditions: { uid } });
    },
  };
}
