import { annotations } from "../../api/annotations.ts";
import type { Capture } from "../../api/generated/capture.ts";
import { reconcileLine } from "../../config/objects.ts";
import type { Command } from "../command.ts";
import { Complaint } from "../perform.ts";
import { readyOf } from "../ready-of.ts";
import { steer } from "../steer.ts";

export const reconcile: Command = {
  line: reconcileLine,
  group: "Steer",
  summary: "has a Capture looked at, and what waits written, at once",
  examples: ["clickscribe reconcile capture shop", "clickscribe reconcile capture shop --timeout 5m"],
  act: (context) =>
    steer(reconcileLine, context, {
      done: "reconciled",
      change: (capture) => {
        const { name, namespace } = capture.metadata;
        if (capture.spec.suspend === true) {
          throw new Complaint(`Capture ${name} is suspended: clickscribe resume capture ${name} -n ${namespace}`);
        }
        const at = new Date(context.now()).toISOString();
        return { metadata: { annotations: { [annotations.reconcileRequestedAt]: at } } };
      },
      isDone: (capture, asked) => capture.status?.lastHandledReconcileAt === requestOf(asked),
      isWell: (capture) => readyOf(capture).status === "True",
    }),
};

function requestOf(capture: Capture): string | undefined {
  return capture.metadata.annotations?.[annotations.reconcileRequestedAt];
}
