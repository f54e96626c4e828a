import type { Config, PlanConfig } from "../config.ts";
import type { PlanResult } from "./plan-result.ts";

/** What the commands do, apart from the command line. Both throw Failure with a message for people. */
export interface Actions {
  /** Runs the operator until it is told to stop, and has stopped in good order. */
  readonly run: (config: Config, version: string) => Promise<void>;
  readonly plan: (config: PlanConfig, version: string) => Promise<PlanResult>;
}

/** Each is loaded when it is called for, so that --help stays quick. */
export const actions: Actions = {
  run: () => Promise.reject(new Error("the operator is not wired into the command line")),
  plan: () => Promise.reject(new Error("the plan is not wired into the command line")),
};
