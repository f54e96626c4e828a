import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly help: boolean;
  readonly keep: boolean;
  readonly json: boolean;
  readonly yes: boolean;
  /** An existing cluster; undefined: an embedded one. */
  readonly cluster: { readonly kubeconfig: string; readonly context: string } | undefined;
  /** Where the picture of the story is written. */
  readonly picture: string | undefined;
}

export const usage = `usage: npm run demo -- [options]

Brings up a control plane, a git server and the operator on this machine, edits objects as several users, and shows the
commit that each edit became. Everything is removed at the end; Ctrl-C ends it at any moment.

  --keep                 stay up afterwards, and say how to go on clicking
  --keep --json          the same; prints one line of JSON on standard output, and all else on standard error:
                         {kubeconfig, context, cloneUrl, users, namespace, path}
  --kubeconfig FILE --context NAME
                         use an existing cluster: one new namespace, removed at the end
  --yes                  do not ask before touching an existing cluster
  --picture FILE.svg     also draw the story as a picture
  --help                 this text
`;

export type ParsedOptions =
  | { readonly ok: true; readonly options: DemoOptions }
  | { readonly ok: false; readonly problem: string };

export function parseOptions(argv: readonly string[]): ParsedOptions {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { help: flag, keep: flag, json: flag, yes: flag, kubeconfig: text, context: text, picture: text },
    });
    const { kubeconfig, context, picture, help, keep, json, yes } = values;
    if ((kubeconfig === undefined) !== (context === undefined)) {
      return { ok: false, problem: "--kubeconfig and --context go together: name the cluster that is meant" };
    }
    if (json && !keep) return { ok: false, problem: "--json goes with --keep" };
    const cluster = kubeconfig !== undefined && context !== undefined ? { kubeconfig, context } : undefined;
    return { ok: true, options: { help, keep, json, yes, cluster, picture } };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error) };
  }
}
