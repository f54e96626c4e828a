import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { get } from "./commands/get.ts";
import { plan } from "./commands/plan.ts";
import { run } from "./commands/run.ts";

/** All of them, in the order of the help. */
export const commands: readonly Command[] = [get, check, plan, run];
