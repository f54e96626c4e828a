/**
 * The only reader of environment and arguments: for each command they become one frozen value, or the list of all that
 * is wrong with them. Each flag can also be given as `CLICKSCRIBE_...`; the flag wins.
 */
import { basename } from "node:path";
import type { Invocation } from "./config/shared.ts";

export { type CheckConfig, checkLine, readCheckConfig } from "./config/check.ts";
export type { Argument, CommandLine, Completes } from "./config/command-line.ts";
export { type Flag, variableOf } from "./config/flags.ts";
export { type PlanConfig, planLine, readPlanConfig } from "./config/plan.ts";
export { type Config, type Listen, readConfig, runLine, type WebhookConfig } from "./config/run.ts";
export type { ClusterAccess, Invocation, LogLevel, Read, UrlPolicy } from "./config/shared.ts";

/** kubectl knows its plugins, and who completes their words, by the names of their files. */
export function invocation(): Invocation {
  const [, script = "", ...words] = process.argv;
  const name = basename(script);
  const argv = name.startsWith("kubectl_complete-") ? ["__complete", "--", ...words] : words;
  const program = name.startsWith("kubectl") ? "kubectl clickscribe" : "clickscribe";
  return { argv, env: process.env, isTerminal: process.stdout.isTTY, program };
}
