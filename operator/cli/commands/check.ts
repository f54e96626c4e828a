import { checkLine, readCheckConfig } from "../../config.ts";
import { renderReport } from "../check/report.ts";
import type { Command, Context } from "../command.ts";
import { complainOf, perform } from "../perform.ts";
import { readAll } from "../read-specs.ts";
import { renderJson } from "../render-json.ts";

export const check: Command = {
  line: checkLine,
  group: "Look",
  summary: "says whether everything that is needed is there, and what to do about what is not",
  details:
    "Exit code 0: all is well, or there are only warnings; 1: something failed. Git servers are asked from this machine, with the credentials of the Secret as far as you may read it. Nothing is written, but with --write: then a commit without files is pushed to a new ref PREFIX/check/..., below the prefix of the record, and the ref is removed again; nothing else would tell whether the server takes such refs. -o json prints {items: [{name, group, status, message, remedy}], passed}; status is Passed, Warning or Failed.",
  examples: [
    "clickscribe check --pre",
    "clickscribe check --pre -f capture.yaml --write",
    "clickscribe check",
    "clickscribe check -n shop -o json",
  ],
  act: runChecks,
};

async function runChecks(context: Context): Promise<number> {
  const { terminal, version, connect, readText } = context;
  const read = readCheckConfig(context);
  const specs = read.ok ? readAll(read.config.files, read.config.namespace ?? "default", readText) : read;
  if (!specs.ok) return complainOf(terminal, specs.problems);
  return perform("check", read, context, async (config) => {
    const { check: ask } = await import("../check/check.ts");
    const report = await ask(connect, config, specs, version);
    terminal.out(config.output === "json" ? renderJson(report) : renderReport(report, config));
    return report.passed ? 0 : 1;
  });
}
