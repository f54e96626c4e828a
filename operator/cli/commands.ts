import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { clean } from "./commands/clean.ts";
import { completion } from "./commands/completion.ts";
import { createCapture } from "./commands/create-capture.ts";
import { createConsumer } from "./commands/create-consumer.ts";
import { createRemote } from "./commands/create-remote.ts";
import { diff } from "./commands/diff.ts";
import { explain } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { get } from "./commands/get.ts";
import { keep } from "./commands/keep.ts";
import { log } from "./commands/log.ts";
import { plan } from "./commands/plan.ts";
import { reconcile } from "./commands/reconcile.ts";
import { recordPurge } from "./commands/record-purge.ts";
import { resume } from "./commands/resume.ts";
import { run } from "./commands/run.ts";
import { status } from "./commands/status.ts";
import { suspend } from "./commands/suspend.ts";
import { undo } from "./commands/undo.ts";
import { uninstall } from "./commands/uninstall.ts";

/** All of them, in the order of the help. */
export const commands: readonly Command[] = [
  get,
  status,
  check,
  explain,
  diff,
  log,
  suspend,
  resume,
  reconcile,
  keep,
  undo,
  recordPurge,
  createRemote,
  createCapture,
  createConsumer,
  plan,
  exportCommand,
  uninstall,
  run,
  clean,
  completion,
];
