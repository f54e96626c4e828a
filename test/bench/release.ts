/** The operator as it is installed: compiled, without what only a checkout needs. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../harness/install.ts";

export interface Release extends AsyncDisposable {
  readonly folder: string;
  /** What the image sets of its process. */
  readonly env: NodeJS.ProcessEnv;
}

export async function buildRelease(): Promise<Release> {
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-release-"));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const args = [compiler, "-p", "tsconfig.build.json", "--outDir", join(folder, "dist")];
    await promisify(execFile)(process.execPath, args, { cwd: root });
    for (const file of ["package.json", "operator/cli/bin.mjs"]) await cp(join(root, file), join(folder, file));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const dockerfile = await readFile(join(root, "Dockerfile"), "utf8");
    const options = /^ENV .*NODE_OPTIONS="([^"]+)"/m.exec(dockerfile)?.[1];
    if (options === undefined) throw new Error("the Dockerfile sets no NODE_OPTIONS");
    return { folder, env: { NODE_OPTIONS: options }, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
