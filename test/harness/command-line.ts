/** The command line as a process of its own, as a user of the cluster, in a bare environment. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { root } from "./install.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  /** Default: admin. */
  readonly user?: string;
  /** Standard input. Default: empty. */
  readonly input?: string;
}

/** Answers whatever the exit code. */
export async function clickscribe(
  plane: ControlPlane,
  args: readonly string[],
  { user = "admin", input = "" }: CommandOptions = {},
): Promise<Ran> {
  const KUBECONFIG = await plane.kubeconfig(user);
  const env = { PATH: process.env["PATH"] ?? "", HOME: plane.folder, KUBECONFIG };
  return await new Promise((resolve) => {
    const script = join(root, "operator/cli/bin.mjs");
    const child = execFile(process.execPath, [script, ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end(input);
  });
}
