import { suspendLine } from "../../config/objects.ts";
import type { Command } from "../command.ts";
import { readyOf } from "../ready-of.ts";
import { steer } from "../steer.ts";
import { isSettled } from "../wait-for-status.ts";

export const suspend: Command = {
  line: suspendLine,
  group: "Steer",
  summary: "stops a Capture from writing to Git",
  details:
    "What waits is written first. What changes until it is resumed is then written as one commit of author unknown.",
  examples: ["clickscribe suspend capture shop", "clickscribe suspend capture --all -n shop"],
  act: (context) =>
    steer(suspendLine, context, {
      done: "suspended",
      change: () => ({ spec: { suspend: true } }),
      isDone: (capture, asked) => isSettled(capture, asked.metadata.generation ?? 0),
      isWell: (capture) => readyOf(capture).reason === "Suspended",
    }),
};
