import { type CleanConfig, cleanLine, readCleanConfig } from "../../config/clean.ts";
import { identityOf } from "../../manifest/identity.ts";
import { injectedParts } from "../../manifest/injected.ts";
import { serialize } from "../../manifest/serialize.ts";
import { stringifyJson } from "../../manifest/stringify-json.ts";
import type { JsonObject } from "../../values.ts";
import { cleanText } from "../clean/clean-text.ts";
import { readInputs } from "../clean/inputs.ts";
import type { Command, Context } from "../command.ts";
import { complain, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";

export const clean: Command = {
  line: cleanLine,
  group: "Other",
  summary: "takes out of manifests what the API server and controllers own",
  details:
    "What is left can be applied again: to an empty cluster it gives the same object, to the one that it came from no change. It needs no cluster. Secrets are printed like anything else. With managedFields (kubectl get --show-managed-fields) it tells what people set from what controllers did. Exit code 0: all is clean; 1: something could not be read, the rest is printed.",
  examples: [
    "kubectl get deploy web -o yaml --show-managed-fields | clickscribe clean -f -",
    "clickscribe clean -f manifests/ -R -o json",
  ],
  act: (context) => perform("clean", readCleanConfig(context), context, (config) => print(context, config)),
};

/** YAML is printed as it is cleaned; JSON needs to know first whether there is more than one. */
function print({ terminal, readText }: Context, { files, recursive, output }: CleanConfig): Promise<number> {
  let printed = 0;
  let failed = 0;
  const collected: JsonObject[] = [];
  const complainOf = (name: string, problem: string): void => {
    failed++;
    complain(terminal, printableLine(`${name}: ${problem}`));
  };
  const note = (object: JsonObject, what: string): void => {
    const { kind, name } = identityOf(object);
    terminal.err(
      `${printableLine(`note: ${kind} ${name} has ${what}: an admission webhook put it in, and would again`)}\n`,
    );
  };
  for (const { name, text, problem } of readInputs(files, recursive, readText)) {
    if (text === undefined) {
      complainOf(name, problem);
      continue;
    }
    for (const cleaned of cleanText(text)) {
      if (cleaned.ok) for (const { what } of injectedParts(cleaned.object)) note(cleaned.object, what);
      if (!cleaned.ok) complainOf(name, cleaned.problem);
      else if (output === "json") collected.push(cleaned.object);
      else terminal.out(`${printed++ === 0 ? "" : "---\n"}${serialize(cleaned.object)}`);
    }
  }
  if (collected.length > 0) terminal.out(`${stringifyJson(asOne(collected), "  ")}\n`);
  return Promise.resolve(failed === 0 ? 0 : 1);
}

/** As kubectl prints them. */
function asOne(objects: readonly JsonObject[]): JsonObject {
  const [first] = objects;
  return objects.length === 1 && first !== undefined
    ? first
    : { apiVersion: "v1", kind: "List", metadata: {}, items: objects };
}
