import { readUndoConfig, type UndoConfig, undoLine } from "../../config/decide.ts";
import { Failure } from "../../failures.ts";
import { describeField } from "../../merge/describe.ts";
import { type Undo, undoOf } from "../../merge/undo.ts";
import { named } from "../../record/commit-message.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import type { ObjectSides } from "../decide/object-sides.ts";
import { Complaint, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";
import { renderJson } from "../render-json.ts";

/** How often an object that somebody changes meanwhile is looked at anew. */
const maxRaces = 5;

export const undo: Command = {
  line: undoLine,
  group: "Steer",
  summary: "brings an object of the cluster back to what Git has",
  details:
    "With your own rights: what its file says now, and for fields of which the file does not speak what they were when both sides were last in step. Fields that are not drift stay. An object that the cluster lost is created again; one that Git does not have is deleted, after you were asked. OBJECT is named as kubectl takes it.",
  examples: ["clickscribe undo deployment/web -n shop --dry-run", "clickscribe undo deployment/web -n shop"],
  act: (context) => perform("undo", readUndoConfig(context), context, (config) => act(context, config)),
};

async function act(context: Context, config: UndoConfig): Promise<number> {
  const { connect, now, terminal, version } = context;
  const [{ readSides }, { createRepositories }] = await Promise.all([
    import("../decide/object-sides.ts"),
    import("../../git/index.ts"),
  ]);
  const repositories = createRepositories({ policy: config.urls, version });
  try {
    return await withCluster(connect, config.cluster, async (cluster) => {
      for (let race = 0; ; race++) {
        const sides = await readSides(cluster, repositories, config, now());
        const wanted = undoOf({ ...sides, live: sides.live?.content });
        if (wanted.action === "Delete" && !config.dryRun && !config.yes && !(await mayDelete(context, sides))) return 1;
        try {
          await apply(cluster, sides, wanted, config.dryRun);
        } catch (error) {
          const isRace = error instanceof Failure && error.data["status"] === 409 && race < maxRaces;
          if (isRace) continue;
          throw error;
        }
        terminal.out(
          config.output === "json" ? renderJson(told(sides, wanted, config)) : render(sides, wanted, config),
        );
        return 0;
      }
    });
  } finally {
    await repositories.close();
  }
}

async function mayDelete({ ask, terminal }: Context, { identity, where }: ObjectSides): Promise<boolean> {
  const answer = await ask(`${where} has no ${named(identity)}: delete it in the cluster? [y/N] `);
  if (answer === undefined) throw new Complaint(`${where} has no ${named(identity)}: --yes deletes it in the cluster`);
  if (/^y(es)?$/i.test(answer.trim())) return true;
  terminal.err("Nothing was changed.\n");
  return false;
}

async function apply(
  cluster: Parameters<Parameters<typeof withCluster>[2]>[0],
  { identity: { namespace, name }, kind }: ObjectSides,
  wanted: Undo,
  dryRun: boolean,
): Promise<void> {
  if (wanted.action === "Replace") await cluster.replace(kind, wanted.object, { dryRun });
  if (wanted.action === "Create") await cluster.create(wanted.object, { dryRun });
  if (wanted.action === "Delete") await cluster.remove(kind, namespace, name, { dryRun });
}

function told({ identity, capture }: ObjectSides, wanted: Undo, { dryRun }: UndoConfig): object {
  const { namespace, name } = capture.metadata;
  const fields = wanted.action === "Replace" ? wanted.fields : [];
  return { object: identity, capture: `${namespace}/${name}`, action: wanted.action, fields, dryRun };
}

function render({ identity, where }: ObjectSides, wanted: Undo, { dryRun }: UndoConfig): string {
  const done = {
    Nothing: `is as ${where} has it: there is nothing to undo`,
    Replace: `${dryRun ? "would be" : "is"} again as ${where} has it`,
    Create: `${dryRun ? "would be" : "is"} created again as ${where} has it`,
    Delete: `${dryRun ? "would be" : "is"} deleted: ${where} does not have it`,
  }[wanted.action];
  const fields = wanted.action === "Replace" ? wanted.fields.map(describeField) : [];
  const lines = [`${named(identity)} ${done}`, ...fields].map(printableLine);
  return `${lines.join("\n  ")}\n`;
}
