/** Writes the status of Captures: soon after something changed, and only what is new. */
import { asFailure } from "../failures.ts";
import type { Clock, ClusterWriter, Log } from "../ports.ts";
import { captureFacts, captureOf, type Slot } from "./capture-slot.ts";
import type { WebhookFacts } from "./outcome.ts";
import { captureStatus } from "./outcome.ts";
import { apiVersion } from "./own-object.ts";

export interface StatusWriterDeps {
  readonly cluster: Pick<ClusterWriter, "apply">;
  readonly clock: Clock;
  readonly log: Log;
  readonly webhook: () => WebhookFacts;
}

const delayMs = 250;
const retryMs = 30_000;

export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  #closed = false;

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
  }

  soon(slot: Slot, afterMs: number = delayMs): void {
    if (slot.gone || slot.cancelStatus !== undefined || this.#closed) return;
    slot.cancelStatus = this.#deps.clock.after(afterMs, () => {
      slot.cancelStatus = undefined;
      void this.#write(slot);
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #write(slot: Slot): Promise<void> {
    if (slot.gone || this.#closed) return;
    const { clock, cluster, log, webhook } = this.#deps;
    const { name, namespace } = captureOf(slot).metadata;
    try {
      const { conditions, status } = captureStatus(captureFacts(slot, webhook()), slot.conditions, clock.now());
      slot.conditions = conditions;
      const text = JSON.stringify(status);
      if (text === slot.applied) return;
      const body = { apiVersion, kind: "Capture", metadata: { name, namespace }, status };
      await cluster.apply(body, { subresource: "status" });
      slot.applied = text;
    } catch (error) {
      const { code, message: err } = asFailure(error);
      log.warn({ capture: `${namespace}/${name}`, code, err }, "the status of a Capture could not be written");
      this.soon(slot, retryMs);
    }
  }
}
