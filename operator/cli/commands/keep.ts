import { annotations } from "../../api/annotations.ts";
import { type KeepConfig, keepLine, readKeepConfig } from "../../config/decide.ts";
import { named } from "../../record/commit-message.ts";
import { formatKeep } from "../../sync/keep-request.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import type { ObjectSides } from "../decide/object-sides.ts";
import { asCapture, ownKind } from "../find-objects.ts";
import { Complaint, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";
import { renderJson } from "../render-json.ts";
import { waitForStatus } from "../wait-for-status.ts";

/** This shape is what `-o json` prints, and does not change. */
interface Kept {
  readonly object: ObjectSides["identity"];
  readonly capture: string;
  /** Whether the branch has it now as the cluster has it. */
  readonly inGit: boolean;
  /** Why not; "" where it does. */
  readonly why: string;
}

export const keep: Command = {
  line: keepLine,
  group: "Steer",
  summary: "has what the cluster has of an object written to Git",
  details:
    "As it is now: what is changed afterwards is not meant. Its author stays who made the change, and the commit says who had it kept (Kept-By). It is for what is not written by itself: a Capture whose spec.delivery.mode is Detect, a field that Git changed too, a file that was there before. You need the right to patch the Capture; the operator writes.",
  examples: ["clickscribe keep deployment/web -n shop"],
  act: (context) => perform("keep", readKeepConfig(context), context, (config) => act(context, config)),
};

async function act(context: Context, config: KeepConfig): Promise<number> {
  const { connect, now, terminal, version } = context;
  const [{ readSides }, { createRepositories }] = await Promise.all([
    import("../decide/object-sides.ts"),
    import("../../git/index.ts"),
  ]);
  const repositories = createRepositories({ policy: config.urls, version });
  try {
    return await withCluster(connect, config.cluster, async (cluster) => {
      const before = await readSides(cluster, repositories, config, now());
      const { namespace, name } = before.capture.metadata;
      if (!before.isInSync) {
        if (before.isReadOnly) {
          const { remote } = before.capture.spec;
          const why = `spec.access of GitRemote ${remote.name} is ReadOnly: nothing is written to ${before.where}`;
          throw new Complaint(`${why}. Change the file there, or set spec.access to ReadWrite`);
        }
        const at = new Date(now()).toISOString();
        const asked = asCapture(
          await cluster.patch(await ownKind(cluster, "Capture"), namespace, name, {
            metadata: {
              annotations: {
                [annotations.keep]: formatKeep(before.identity, before.live?.blob, at),
                [annotations.reconcileRequestedAt]: at,
              },
            },
          }),
        );
        const isDone = ({ status }: { readonly status?: { readonly lastHandledReconcileAt?: string } }): boolean =>
          status?.lastHandledReconcileAt === at;
        await waitForStatus(cluster, { kind: "Capture", ...asked.metadata }, config.timeoutMs, isDone, context);
      }
      const after = before.isInSync ? before : await readSides(cluster, repositories, config, now());
      const kept = outcomeOf(after);
      terminal.out(config.output === "json" ? renderJson(kept) : render(after, kept, before.isInSync));
      return kept.inGit ? 0 : 1;
    });
  } finally {
    await repositories.close();
  }
}

function outcomeOf({ identity, capture: { metadata }, isInSync, attention }: ObjectSides): Kept {
  const ready = "the operator has not written it: see clickscribe status";
  const why = isInSync ? "" : (attention?.detail ?? ready);
  return { object: identity, capture: `${metadata.namespace}/${metadata.name}`, inGit: isInSync, why };
}

function render({ identity, where }: ObjectSides, { inGit, why }: Kept, wasInSync: boolean): string {
  const what = named(identity);
  if (!inGit) return printableLine(`${what} is not kept: ${why}`).concat("\n");
  const how = wasInSync
    ? "has it already as the cluster has it: there is nothing to keep"
    : "has it now as the cluster has it";
  return printableLine(`${what}: ${where} ${how}`).concat("\n");
}
