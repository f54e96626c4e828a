/** The real helm, in a bare environment. */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { resolvePart } from "./parts.ts";

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `kubeconfig` may be missing for what needs no cluster. Answers whatever the exit code. */
export type Helm = (...args: readonly string[]) => Promise<HelmResult>;

export async function createHelm(kubeconfig = "/nonexistent/kubeconfig", home: string = tmpdir()): Promise<Helm> {
  const binary = await resolvePart("helm");
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, KUBECONFIG: kubeconfig };
  return (...args) =>
    new Promise((resolve) => {
      execFile(binary, args, { env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      });
    });
}

/** Throws with what helm said when it failed. */
export async function must(result: HelmResult | Promise<HelmResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`helm: exit code ${code}\n${stderr}${stdout}`);
  return stdout;
}
