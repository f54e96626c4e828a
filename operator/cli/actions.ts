import type { Config, PlanConfig } from "../config.ts";
import type { PlanResult } from "../sync/plan-result.ts";
import type { PlanInput } from "./read-specs.ts";

/** What the commands do, apart from the command line. Both throw Failure with a message for people. */
export interface Actions {
  /** Runs the operator until `signal` aborts, and resolves when it has stopped in good order. */
  readonly run: (config: Config, version: string, signal: AbortSignal) => Promise<void>;
  readonly plan: (config: PlanConfig, input: PlanInput, version: string) => Promise<PlanResult>;
}

/** Each is loaded when it is called for, so that --help stays quick. */
export const actions: Actions = {
  run: async (config, version, signal) => {
    const { run } = await import("../main.ts");
    await run(config, version, signal);
  },
  plan: async (config, input, version) => {
    const { plan } = await import("./plan.ts");
    return plan(config, input, version);
  },
};
