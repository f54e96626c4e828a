import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { plan } from "./commands/plan.ts";
import { run } from "./commands/run.ts";

/** All of them, in the order of the help. */
export const commands: readonly Command[] = [check, plan, run];
