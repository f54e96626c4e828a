import { type RecordPurgeConfig, readRecordPurgeConfig, recordPurgeLine } from "../../config/record-purge.ts";
import type { ClosableRepositories } from "../../git/index.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { Complaint, complainOf, perform } from "../perform.ts";
import type { PlannedPurge } from "../record/purge.ts";
import { purged, renderDone, renderOutlook, warningsOf } from "../record/render.ts";
import { renderJson } from "../render-json.ts";

export const recordPurge: Command = {
  line: recordPurgeLine,
  group: "Steer",
  summary: "takes one object out of the whole history of the record",
  details:
    "For what should never have been written: a credential, personal data. Every commit of the record is written anew without the object's entries and without what messages say of it; who changed something and when stays. A commit that had nothing else in it is dropped. Signatures of commits that change are made anew with the key of the GitRemote, or are gone. It does not touch the source branch, forks, clones, nor what the server keeps unreachable. Take the object out of scope first (annotation clickscribe.dev/ignore=true), or it comes back as it is now. OBJECT is named as kubectl takes it; the cluster need not have it any more.",
  examples: [
    "clickscribe record purge configmap/db -n shop --dry-run",
    "clickscribe record purge configmap/db -n shop --yes",
  ],
  act: (context) =>
    perform("record purge", readRecordPurgeConfig(context), context, (config) => purge(context, config)),
};

async function purge(context: Context, config: RecordPurgeConfig): Promise<number> {
  const { createRepositories } = await import("../../git/index.ts");
  const repositories = createRepositories({ policy: config.urls, version: context.version });
  try {
    return await purgeIn(context, config, repositories);
  } finally {
    await repositories.close();
  }
}

async function purgeIn(
  context: Context,
  config: RecordPurgeConfig,
  repositories: ClosableRepositories,
): Promise<number> {
  const { connect, terminal, ask, now, program } = context;
  const [{ planPurge, pushPurge }, { explain }] = await Promise.all([
    import("../record/purge.ts"),
    import("../explain/explain.ts"),
  ]);
  const { plan, warnings } = await withCluster(connect, config.cluster, async (cluster) => {
    const planned = await planPurge(cluster, repositories, config, now);
    const explanation = await explain(cluster, repositories, config.object, config.namespace, now());
    return { plan: planned, warnings: warningsOf(planned, explanation) };
  });
  const isText = config.output === "text";
  const report = (done: readonly PlannedPurge[]): void =>
    terminal.out(isText ? renderDone(done) : renderJson(purged(plan, done, { dryRun: config.dryRun, warnings })));
  if (plan.records.length === 0) {
    throw new Complaint(["no record of the namespace has it, in any commit", ...plan.gaps].join("; "));
  }
  (isText ? terminal.out : terminal.err)(renderOutlook(plan, warnings, config.dryRun));
  if (config.dryRun) {
    if (!isText) report(plan.records);
    return 0;
  }
  if (!config.yes) {
    const answer = await ask("Rewrite? This cannot be undone. [y/N] ");
    if (answer === undefined) return complainOf(terminal, ["nobody can be asked here: give --yes, or --dry-run"]);
    if (!/^y(es)?$/i.test(answer.trim())) {
      terminal.err("Nothing was changed.\n");
      return 1;
    }
  }
  const done: PlannedPurge[] = [];
  try {
    for (const record of plan.records) {
      const now = await pushPurge(record);
      if (now === undefined) terminal.err(`${program}: the record of Capture ${record.capture} has it no more\n`);
      else done.push(now);
    }
  } finally {
    if (done.length > 0) report(done);
  }
  return plan.gaps.length === 0 ? 0 : 1;
}
