/**
 * Applications of Argo CD that are left alone for a moment, from the review of a click until its commit is on the branch,
 * so that self-heal does not put it back (`spec.protect`).
 *
 * Invariant: what is paused carries our mark with a deadline. Whoever runs takes a mark off that is past it, whoever set
 * it: an Application that nobody resumes stands still at most until an operator runs again.
 */
import { annotations } from "../api/annotations.ts";
import { asFailure } from "../failures.ts";
import { skipReconcile } from "../manifest/conditions.ts";
import type { Cancel, Clock, ClusterReader, ClusterWriter, Log, Meter } from "../ports.ts";
import type { ConsumerWatch } from "./consumer-watch.ts";
import { createSerial } from "./serial.ts";

export interface PausesDeps {
  readonly cluster: Pick<ClusterReader, "allowed"> & Pick<ClusterWriter, "patch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly watch: Pick<ConsumerWatch, "kindOf" | "paused">;
}

export interface Paused {
  readonly namespace: string;
  readonly name: string;
}

/** After a crash, nothing is applied for so long. */
const longestMs = 30_000;

/**
 * While one click follows the other, and each comes to the branch, the deadline moves on, for so long: between two pauses
 * Argo CD begins to sync, compares again after each sync, paused or not, and so puts back one click after the other.
 */
const stretchMs = 300_000;

/**
 * Whoever clicks once clicks again: a comparison that is under way then knows the branch from before the next click, and
 * puts that back, paused or not. So it goes on when there was none for so long.
 */
const lingerMs = 3_000;

/** Who had it paused for nothing, by a request that was refused or because the git server is away, may not again for so long. */
const idleMs = 60_000;

interface Pause {
  readonly application: Paused;
  /** Whoever still wants it; it ends with the last of them. */
  readonly wanted: Set<string>;
  readonly began: number;
  /** As the mark says. */
  until: number;
  /** Something of what it was wanted for came to the branch since the mark was set. */
  served: boolean;
  cancel: Cancel | undefined;
}

export class Pauses {
  readonly #deps: PausesDeps;
  readonly #pauses = new Map<string, Pause>();
  readonly #serial = createSerial();
  readonly #overdue = new Map<string, Cancel>();
  /** Until when nobody of them may have it paused again, by Application and who. */
  readonly #idle = new Map<string, number>();
  #closed = false;

  constructor(deps: PausesDeps) {
    this.#deps = deps;
  }

  /** Until `resume` is called for the same `who`, or for so long: a review need not be followed by a change. Does not wait. */
  pause(application: Paused, who: string, forMs: number): void {
    if (this.#closed) return;
    const { clock } = this.#deps;
    const key = keyOf(application);
    if ((this.#idle.get(`${key}\n${who}`) ?? 0) > clock.now()) return;
    const known = this.#pauses.get(key);
    const now = clock.now();
    const pause: Pause = known ?? {
      application,
      wanted: new Set<string>(),
      began: now,
      until: now + longestMs,
      served: false,
      cancel: undefined,
    };
    this.#pauses.set(key, pause);
    pause.wanted.add(who);
    if (pause.served && pause.until < Math.min(now + longestMs / 2, pause.began + stretchMs)) {
      pause.until = Math.min(now + longestMs, pause.began + stretchMs);
      pause.served = false;
      void this.#send(key, application, pause.until);
    }
    this.#endAfter(pause, forMs, () => (pause.served ? this.#end(key) : this.#endIdle(key)));
    if (known === undefined) void this.#begin(key, pause);
  }

  /** What this one wanted it for is on the branch. */
  resume(who: string): void {
    for (const [key, pause] of this.#pauses) {
      if (!pause.wanted.delete(who)) continue;
      pause.served = true;
      if (pause.wanted.size === 0) this.#endAfter(pause, lingerMs, () => this.#end(key));
    }
  }

  /** Takes marks off that are past their deadline, now or when they are. */
  look(): void {
    const { clock, watch } = this.#deps;
    for (const { until, ...application } of watch.paused()) {
      const key = keyOf(application);
      if (this.#closed || this.#pauses.has(key) || this.#overdue.has(key)) continue;
      const cancel = clock.after(Math.max(0, until - clock.now()), () => {
        this.#overdue.delete(key);
        if (!this.#pauses.has(key)) void this.#send(key, application, undefined);
      });
      this.#overdue.set(key, cancel);
    }
  }

  /** Resumes all that it paused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#overdue.values()) cancel();
    for (const key of [...this.#pauses.keys()]) this.#end(key);
    await this.#serial.idle();
  }

  async #begin(key: string, { application, until }: Pause): Promise<void> {
    if (await this.#send(key, application, until)) this.#deps.meter.count("clickscribe_pauses_total");
  }

  #endAfter(pause: Pause, ms: number, end: () => void): void {
    const { clock } = this.#deps;
    pause.cancel?.();
    pause.cancel = clock.after(Math.max(0, Math.min(ms, pause.until - clock.now())), end);
  }

  #endIdle(key: string): void {
    const now = this.#deps.clock.now();
    for (const [idle, until] of this.#idle) if (until <= now) this.#idle.delete(idle);
    for (const who of this.#pauses.get(key)?.wanted ?? []) this.#idle.set(`${key}\n${who}`, now + idleMs);
    this.#end(key);
  }

  #end(key: string): void {
    const pause = this.#pauses.get(key);
    if (pause === undefined) return;
    pause.cancel?.();
    this.#pauses.delete(key);
    void this.#send(key, pause.application, undefined);
  }

  /** In order, per Application. `until` undefined: it goes on, and looks at once. False: it could not be sent. */
  async #send(key: string, { namespace, name }: Paused, until: number | undefined): Promise<boolean> {
    let isSent = false;
    await this.#serial.run(key, async () => {
      const { cluster, log, watch } = this.#deps;
      const kind = watch.kindOf("Application");
      if (kind === undefined) return;
      try {
        const { group, resource } = kind;
        const question = { user: undefined, verb: "patch", group, resource, namespace, name };
        if (!(await cluster.allowed(question))) return;
        const pausing = { [skipReconcile]: "true", [annotations.pausedUntil]: new Date(until ?? 0).toISOString() };
        const going = {
          [skipReconcile]: null,
          [annotations.pausedUntil]: null,
          "argocd.argoproj.io/refresh": "normal",
        };
        await cluster.patch(kind, namespace, name, {
          metadata: { annotations: until === undefined ? going : pausing },
        });
        isSent = true;
      } catch (error) {
        const { code, message: err } = asFailure(error);
        log.warn({ consumer: `Application ${key}`, code, err }, "an Application could not be paused or resumed");
      }
    });
    return isSent;
  }
}

function keyOf({ namespace, name }: Paused): string {
  return `${namespace}/${name}`;
}
