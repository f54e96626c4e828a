import { resumeLine } from "../../config/objects.ts";
import type { Command } from "../command.ts";
import { readyOf } from "../ready-of.ts";
import { steer } from "../steer.ts";
import { isSettled } from "../wait-for-status.ts";

export const resume: Command = {
  line: resumeLine,
  group: "Steer",
  summary: "lets a suspended Capture write again",
  details: "What changed meanwhile is written as one commit of author unknown.",
  examples: ["clickscribe resume capture shop", "clickscribe resume capture --all -n shop"],
  act: (context) =>
    steer(resumeLine, context, {
      done: "resumed",
      change: () => ({ spec: { suspend: false } }),
      isDone: (capture, asked) => isSettled(capture, asked.metadata.generation ?? 0),
      isWell: (capture) => readyOf(capture).status === "True",
    }),
};
