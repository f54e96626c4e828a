/** What suspend, resume and reconcile have in common: change each Capture that is named, then wait for the operator. */
import type { Capture } from "../api/generated/capture.ts";
import type { Cluster } from "../cluster/index.ts";
import { readSteerConfig, type SteerConfig } from "../config/objects.ts";
import type { CommandLine } from "../config.ts";
import type { JsonObject } from "../values.ts";
import type { Context } from "./command.ts";
import { withCluster } from "./connect.ts";
import { asCapture, getOwn, listOwn, ownKind } from "./find-objects.ts";
import { paint } from "./paint.ts";
import { complain, explain, perform } from "./perform.ts";
import { printableLine } from "./printable.ts";
import { readyOf } from "./ready-of.ts";
import { waitForStatus } from "./wait-for-status.ts";

export interface Steering {
  /** `suspended`, said once it is asked for. */
  readonly done: string;
  /** The merge patch; throws Complaint where the Capture is not fit for it. */
  readonly change: (capture: Capture) => JsonObject;
  /** `asked` is the Capture as it was when the change had been made. */
  readonly isDone: (capture: Capture, asked: Capture) => boolean;
  /** Whether what the Capture then says is what was wanted. */
  readonly isWell: (capture: Capture) => boolean;
}

/** Answers the exit code: 1 when one of them is not well, or not done in time. */
export function steer(line: CommandLine, context: Context, steering: Steering): Promise<number> {
  return perform(line.name, readSteerConfig(line, context), context, (config) =>
    withCluster(context.connect, config.cluster, async (cluster) => {
      const namespace = config.namespace ?? cluster.namespace;
      const names = config.all ? await namesOfAll(cluster, namespace) : config.names;
      if (names.length === 0) context.terminal.err(`no Captures in ${namespace}\n`);
      const codes: number[] = [];
      for (const name of names) codes.push(await one(context, cluster, config, steering, namespace, name));
      return Math.max(0, ...codes);
    }),
  );
}

async function namesOfAll(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  return (await listOwn(cluster, "Capture", namespace)).map((object) => asCapture(object).metadata.name);
}

async function one(
  context: Context,
  cluster: Cluster,
  config: SteerConfig,
  steering: Steering,
  namespace: string,
  name: string,
): Promise<number> {
  const { terminal } = context;
  const colours = paint(config.color);
  try {
    const before = asCapture(await getOwn(cluster, "Capture", namespace, name));
    const kind = await ownKind(cluster, "Capture");
    const asked = asCapture(await cluster.patch(kind, namespace, name, steering.change(before)));
    const title = printableLine(`Capture ${namespace}/${name}`);
    if (!config.wait) {
      terminal.out(`${title}: ${steering.done} asked for\n`);
      return 0;
    }
    const isDone = (capture: Capture): boolean => steering.isDone(capture, asked);
    const after = await waitForStatus(
      cluster,
      { kind: "Capture", ...asked.metadata },
      config.timeoutMs,
      isDone,
      context,
    );
    const isWell = steering.isWell(after);
    const { message } = readyOf(after);
    const how = isWell ? colours.good(steering.done) : colours.bad(`${steering.done}, but it is not ready`);
    terminal.out(`${title}: ${how}: ${printableLine(message)}\n`);
    return isWell ? 0 : 1;
  } catch (error) {
    complain(terminal, explain("", error, undefined));
    return 1;
  }
}
