import { planLine, readPlanConfig } from "../../config.ts";
import type { Command, Context } from "../command.ts";
import { complainOf, perform } from "../perform.ts";
import { readSpecs } from "../read-specs.ts";
import { renderJson } from "../render-json.ts";
import { renderPlan } from "../render-plan.ts";

export const plan: Command = {
  line: planLine,
  group: "Set up",
  summary: "shows what a Capture would write, without making it",
  examples: ["clickscribe plan -f capture.yaml", "clickscribe plan -f capture.yaml -o json"],
  act: showPlan,
};

async function showPlan(context: Context): Promise<number> {
  const { actions, readText, terminal, version } = context;
  const read = readPlanConfig(context);
  const specs = read.ok ? readSpecs(read.config.files, read.config.namespace, readText) : read;
  if (!specs.ok) return complainOf(terminal, specs.problems);
  return perform("plan", read, context, async (config) => {
    const result = await actions.plan(config, specs.input, version);
    terminal.out(config.output === "json" ? renderJson(result) : renderPlan(result, config));
  });
}
