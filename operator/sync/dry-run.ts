/** Objects as an API server would store them, were they new: creates that are dry-runs, few at once. */
import { asFailure, Failure } from "../failures.ts";
import { metadataOf, textAt } from "../manifest/identity.ts";
import type { Clock, ClusterWriter } from "../ports.ts";
import type { JsonObject, Kind } from "../values.ts";
import { backoff } from "./backoff.ts";

export type DryRunAnswer =
  /** Cleaned, under the name that was given. */
  | { readonly outcome: "Accepted"; readonly content: JsonObject }
  /** By the server's rules, a quota or somebody's webhook. */
  | { readonly outcome: "Refused" };

/**
 * The object is created under a name that nothing has. Throws Failure: AccessDenied where the operator may not create such
 * objects, ClusterUnreachable where the server did not answer for about two minutes.
 */
export type DryRun = (content: JsonObject) => Promise<DryRunAnswer>;

export type DryRuns = (kind: Kind) => DryRun;

export interface DryRunOptions {
  readonly cluster: Pick<ClusterWriter, "create">;
  /** Whether the operator may create such objects; asked after a refusal that may come of that. */
  readonly mayCreate: (kind: Kind, namespace: string) => Promise<boolean>;
  readonly clock: Clock;
  /** What is written of a raw object. */
  readonly read: (object: JsonObject) => JsonObject;
}

const atOnce = 4;
const maxTries = 8;
const retries = { firstMs: 500, maxMs: 30_000 };

export function createDryRuns({ cluster, mayCreate, clock, read }: DryRunOptions): DryRuns {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  }

  async function attempt(kind: Kind, content: JsonObject): Promise<DryRunAnswer | Failure> {
    const { name } = metadataOf(content);
    const metadata = { ...metadataOf(content), name: `clickscribe-dry-run-${suffix(clock)}` };
    try {
      const stored = await cluster.create({ ...content, metadata }, { dryRun: true });
      const found = read(stored);
      const named: JsonObject = { ...found, metadata: { ...metadataOf(found), name: name ?? "" } };
      return { outcome: "Accepted", content: named };
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === "ClusterUnreachable") return failure;
      // 403 is also what quotas and admission say.
      const namespace = textAt(metadata, "namespace");
      if (failure.code === "AccessDenied" && !(await mayCreate(kind, namespace).catch(() => true))) throw failure;
      return { outcome: "Refused" };
    }
  }

  return (kind) => async (content) => {
    for (let tries = 0; ; tries++) {
      const answer = await inTurn(() => attempt(kind, content));
      if (!(answer instanceof Failure)) return answer;
      if (tries === maxTries) throw answer;
      const until = (answer.until ?? 0) - clock.now();
      await new Promise<void>((resolve) => {
        clock.after(Math.max(until, backoff(tries, retries, clock.random())), resolve);
      });
    }
  };
}

function suffix(clock: Clock): string {
  return Array.from({ length: 5 }, () => "bcdfghjklmnpqrstvwxz2456789"[Math.floor(clock.random() * 27)]).join("");
}
