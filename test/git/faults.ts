import type { RefUpdate } from "./receive-pack.ts";

/** A push that reached the server with right credentials. The server goes on filling it in. */
export interface Push {
  /** When its commands had been read, in milliseconds since the epoch, with fractions. */
  readonly at: number;
  /** Name of the repository, without `.git`. */
  readonly repository: string;
  readonly refs: readonly RefUpdate[];
  /** The server has performed it to its end; `refs[].status` says what became of each ref. */
  completed: boolean;
}

export type PushPredicate = (push: Push) => boolean;

/** Where a push is held: received in full and not yet performed, or performed and not yet answered. */
export type HoldStage = "received" | "performed";

export interface Hold {
  /** Resolves when the first push that fits has arrived at the stage. */
  readonly arrived: Promise<Push>;
  /** Lets it go on, also when its client has gone meanwhile (as a server would that has read it all). */
  release(): void;
  /** Lets go of it: its connection is destroyed; a push that was only received is never performed. */
  drop(): void;
  /** Resolves when the server is done with the held push. */
  readonly finished: Promise<Push>;
}

export interface Hang {
  /** Resolves when the first push hangs. */
  readonly arrived: Promise<Push>;
  /** Lets the hanging pushes go on, where their client still waits, and hangs no more of them. */
  release(): void;
}

export interface StatusFault {
  /** Header Retry-After, in seconds. */
  readonly retryAfter?: number;
  /** Only requests of this service (its advertisement included). */
  readonly service?: "git-upload-pack" | "git-receive-pack";
  readonly body?: string;
}

/** Faults of one repository, or of all of a server. They are settable at any time and hold for requests that come then. */
export interface Faults {
  /** Every request waits so many milliseconds before it is looked at; 0: none. */
  slow(milliseconds: number): void;
  /** Every request is answered so, without being looked at; undefined: no more. */
  status(code: number | undefined, options?: StatusFault): void;
  /** Every request is answered 302 to the same path below this URL; undefined: no more. */
  redirectTo(url: string | undefined): void;
  /** The next `count` pushes (or each that fits) are performed, and the connection is destroyed before the answer. */
  loseAnswer(which: number | PushPredicate): void;
  /** The next `count` pushes (or each that fits) are read in part, then neither performed nor answered until released. */
  hangPushes(which: number | PushPredicate): Hang;
  /** Holds the next push that fits at a stage (default: `received`); one push for each call. */
  hold(predicate?: PushPredicate, stage?: HoldStage): Hold;
  /** Takes back all faults and releases what hangs and is held. */
  clearFaults(): void;
}

/** The side of the faults that the server asks, request by request. */
export interface FaultPlan {
  readonly delay: () => number;
  readonly answer: () => ({ readonly code: number } & StatusFault) | undefined;
  readonly redirect: () => string | undefined;
  /** Counts down: to be asked once for each push. */
  readonly losesAnswer: PushPredicate;
  /** Resolves at once, or when the hang is released. */
  readonly hangs: (push: Push) => Promise<void> | undefined;
  readonly holds: (push: Push, stage: HoldStage) => HeldPush | undefined;
  /** Lets go of what hangs and is held, for good: nothing of it is performed. Connections must be destroyed before. */
  readonly abandon: () => void;
}

export interface HeldPush {
  /** Marks it arrived and resolves with what was decided. */
  readonly wait: () => Promise<"release" | "drop">;
  readonly finish: () => void;
}

interface PendingHold {
  readonly predicate: PushPredicate;
  readonly stage: HoldStage;
  readonly arrived: PromiseWithResolvers<Push>;
  readonly decided: PromiseWithResolvers<"release" | "drop">;
  readonly finished: PromiseWithResolvers<Push>;
}

interface PendingHang {
  readonly takes: PushPredicate;
  readonly arrived: PromiseWithResolvers<Push>;
  readonly released: PromiseWithResolvers<void>;
}

/** Makes a set of faults, all off, and the plan by which the server follows it. */
export function createFaults(): { readonly faults: Faults; readonly plan: FaultPlan } {
  let delay = 0;
  let answer: ({ readonly code: number } & StatusFault) | undefined;
  let redirect: string | undefined;
  let losesAnswer: PushPredicate = () => false;
  const hangs = new Set<PendingHang>();
  const waitingHolds: PendingHold[] = [];
  const activeHolds = new Set<PendingHold>();

  const faults: Faults = {
    slow(milliseconds) {
      delay = milliseconds;
    },
    status(code, options = {}) {
      answer = code === undefined ? undefined : { code, ...options };
    },
    redirectTo(url) {
      redirect = url;
    },
    loseAnswer(which) {
      losesAnswer = countdown(which);
    },
    hangPushes(which) {
      const hang: PendingHang = {
        takes: countdown(which),
        arrived: Promise.withResolvers(),
        released: Promise.withResolvers(),
      };
      hangs.add(hang);
      return {
        arrived: hang.arrived.promise,
        release() {
          hangs.delete(hang);
          hang.released.resolve();
        },
      };
    },
    hold(predicate = () => true, stage = "received") {
      const hold: PendingHold = {
        predicate,
        stage,
        arrived: Promise.withResolvers(),
        decided: Promise.withResolvers(),
        finished: Promise.withResolvers(),
      };
      waitingHolds.push(hold);
      return {
        arrived: hold.arrived.promise,
        finished: hold.finished.promise,
        release: () => hold.decided.resolve("release"),
        drop: () => hold.decided.resolve("drop"),
      };
    },
    clearFaults() {
      delay = 0;
      answer = undefined;
      redirect = undefined;
      losesAnswer = () => false;
      for (const hang of hangs) hang.released.resolve();
      hangs.clear();
      for (const hold of [...waitingHolds, ...activeHolds]) hold.decided.resolve("release");
      waitingHolds.length = 0;
    },
  };

  const plan: FaultPlan = {
    delay: () => delay,
    answer: () => answer,
    redirect: () => redirect,
    losesAnswer: (push) => losesAnswer(push),
    hangs(push) {
      for (const hang of hangs) {
        if (!hang.takes(push)) continue;
        hang.arrived.resolve(push);
        return hang.released.promise;
      }
      return undefined;
    },
    holds(push, stage) {
      const index = waitingHolds.findIndex((hold) => hold.stage === stage && hold.predicate(push));
      const [hold] = index < 0 ? [] : waitingHolds.splice(index, 1);
      if (!hold) return undefined;
      activeHolds.add(hold);
      return {
        async wait() {
          hold.arrived.resolve(push);
          return await hold.decided.promise;
        },
        finish() {
          activeHolds.delete(hold);
          hold.finished.resolve(push);
        },
      };
    },
    abandon() {
      for (const hang of hangs) hang.released.resolve();
      for (const hold of [...waitingHolds, ...activeHolds]) hold.decided.resolve("drop");
    },
  };
  return { faults, plan };
}

function countdown(which: number | PushPredicate): PushPredicate {
  if (typeof which === "function") return which;
  let left = which;
  return () => left > 0 && left-- > 0;
}

/** Two plans as one: the first one's word counts where both say something; delays add up. */
export function combinePlans(first: FaultPlan, second: FaultPlan): FaultPlan {
  return {
    delay: () => first.delay() + second.delay(),
    answer: () => first.answer() ?? second.answer(),
    redirect: () => first.redirect() ?? second.redirect(),
    losesAnswer: (push) => first.losesAnswer(push) || second.losesAnswer(push),
    hangs: (push) => first.hangs(push) ?? second.hangs(push),
    holds: (push, stage) => first.holds(push, stage) ?? second.holds(push, stage),
    abandon() {
      first.abandon();
      second.abandon();
    },
  };
}
