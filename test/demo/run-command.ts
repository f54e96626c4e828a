import { spawn } from "node:child_process";

/** Runs a program and answers its standard output; rejects with its standard error unless `check` is false. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly input?: string; readonly check?: boolean },
): Promise<string> {
  const child = spawn(program, args, { env: options.env, stdio: ["pipe", "pipe", "pipe"] });
  const read = async (stream: AsyncIterable<Buffer>): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  };
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const code = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
  const [stdout, stderr, status] = await Promise.all([read(child.stdout), read(child.stderr), code]);
  if (status !== 0 && options.check !== false) throw new Error(stderr.trim() || `${program} ended with ${status}`);
  return stdout;
}
