/** Folders of a Go module that its program reads while it runs, taken over into the cache. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withScratch } from "../../control-plane/cache.ts";

export interface ModuleFolders {
  /** Path of the Go module, as the go.mod of the part requires it. */
  readonly module: string;
  /** Folders at its root. */
  readonly names: readonly string[];
}

/** Puts the folders into `cache`; `from` is the folder of the go.mod and go.sum that pin the module. */
export async function keepModuleFolders(
  options: ModuleFolders & {
    readonly from: string;
    readonly cache: string;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): Promise<void> {
  const { module, names, from, cache, env } = options;
  const args = ["mod", "download", "-json", module];
  const { stdout } = await promisify(execFile)("go", args, { cwd: from, env: { ...env }, maxBuffer: 1e7 }).catch(
    (error: unknown) => {
      const { code, stderr, stdout: said } = error as { code?: string; stderr?: string; stdout?: string };
      if (code === "ENOENT") throw new Error("no `go` on the PATH (Go 1.26 or newer is needed: https://go.dev/dl)");
      const words = `${said ?? ""}${stderr ?? ""}`.replaceAll(/\s+/gu, " ").trim();
      throw new Error(`go mod download of ${module} failed: ${words}`);
    },
  );
  const { Dir: folder } = JSON.parse(stdout) as { readonly Dir: string };
  await withScratch(cache, async (scratch) => {
    for (const name of names) {
      await copyFolder(join(folder, name), join(scratch, name));
      // Left by a build that failed afterwards.
      await rm(join(cache, name), { recursive: true, force: true });
      await rename(join(scratch, name), join(cache, name));
    }
  });
}

/** Go keeps its modules read-only; a cache can be removed by whoever it belongs to. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await copyFolder(source, target);
    } else {
      await copyFile(source, target);
      await chmod(target, 0o644);
    }
  }
}
