/** Programs that come ready from the distribution: unpacked into the cache, never installed, so that nothing is started. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isExecutable, keepInCache, withScratch } from "../../control-plane/cache.ts";

const run = promisify(execFile);

export interface DebianProgram<Name extends string = string> {
  readonly name: Name;
  /** The one that holds it, and libraries that a small machine lacks. */
  readonly packages: readonly string[];
  /** Inside the packages, without the slash at the front. */
  readonly program: string;
  readonly usualSeconds: number;
}

interface Options {
  readonly cache: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: (line: string) => void;
  readonly limitMs?: number;
}

/** The path of the machine's own program, undefined where it has none. */
export async function installedProgram({ program }: DebianProgram): Promise<string | undefined> {
  const path = `/${program}`;
  return (await isExecutable(path)) ? path : undefined;
}

/** Answers the path in the cache; rejects with one line that says why it cannot be had. */
export async function unpackProgram(wanted: DebianProgram, options: Options): Promise<string> {
  const { name, packages, program } = wanted;
  const { cache, env, progress, limitMs } = options;
  progress(`unpacking ${name} from the packages ${packages.join(", ")}; kept in ${cache}`);
  return await withScratch(cache, async (folder) => {
    const root = join(folder, "root");
    await mkdir(root);
    const within = { cwd: folder, env: { ...env, LC_ALL: "C" }, ...(limitMs !== undefined && { timeout: limitMs }) };
    const call = async (command: string, ...args: readonly string[]): Promise<void> => {
      try {
        await run(command, args, within);
      } catch (error) {
        const { stderr = "", message } = error as Error & { readonly stderr?: string };
        const words = stderr.trim().split("\n").at(-1) || message;
        throw new Error(`${name} is not to be had: ${command} ${args[0] ?? ""}: ${words.slice(0, 300)}`, {
          cause: error,
        });
      }
    };
    await call("apt-get", "download", ...packages).catch(async () => {
      // A machine that is new has no lists yet.
      await call("apt-get", "update");
      await call("apt-get", "download", ...packages);
    });
    for (const file of await readdir(folder)) if (file.endsWith(".deb")) await call("dpkg", "-x", file, root);
    await rm(join(cache, "root"), { recursive: true, force: true });
    await rename(root, join(cache, "root"));
    const libraries = 'for d in "$here"/root/usr/lib/*-linux-gnu* "$here"/root/lib/*-linux-gnu*; do p="$p:$d"; done';
    const script = `#!/bin/sh\nhere=$(dirname "$0")\n${libraries}\nexport LD_LIBRARY_PATH="$p"\nexec "$here/root/${program}" "$@"\n`;
    await writeFile(join(folder, name), script);
    return await keepInCache(cache, join(folder, name), name);
  });
}
