import { readConfig, runLine } from "../../config.ts";
import type { Command } from "../command.ts";
import { perform } from "../perform.ts";

export const run: Command = {
  line: runLine,
  group: "Other",
  summary: "runs the operator, in a cluster or by a kubeconfig, until it is stopped",
  examples: [
    "clickscribe run --cluster-name eu --webhook-service clickscribe-system/webhook",
    "clickscribe run --cluster-name dev --kubeconfig ~/.kube/config --no-webhook",
  ],
  act: (context) =>
    perform("run", readConfig(context), context, (config) =>
      context.actions.run(config, context.version, context.takeSignals()),
    ),
};
