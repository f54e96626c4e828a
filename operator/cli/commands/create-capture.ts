import { createCaptureLine, readCreateCaptureConfig } from "../../config/create.ts";
import type { Command } from "../command.ts";
import { create } from "../create.ts";
import { makeCapture } from "../make-capture.ts";
import { perform } from "../perform.ts";

export const createCapture: Command = {
  line: createCaptureLine,
  group: "Set up",
  summary: "makes a Capture, which begins to write",
  details: "clickscribe plan shows beforehand what it would write.",
  examples: [
    "clickscribe create capture shop --remote platform --path apps/shop --export",
    "clickscribe create capture shop --remote platform --path apps/shop -n shop",
  ],
  act: (context) =>
    perform("create capture", readCreateCaptureConfig(context), context, (config) =>
      create(context, config, "Capture", (namespace) => [makeCapture(config, namespace)]),
    ),
};
