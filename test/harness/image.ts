/** The image's folder, built once per content and kept outside the repository. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDockerfile } from "../../scripts/image/dockerfile.ts";
import { parseIgnore } from "../../scripts/image/ignore.ts";
import type { Image } from "../../scripts/image/perform.ts";
import type { ContainerConfig } from "../../scripts/image/stage.ts";
import { cacheBase, withLock, withScratch } from "../control-plane/cache.ts";
import { root } from "./install.ts";

/** How many built images are kept: other checkouts may use another one. */
const KEPT = 3;

/** The image of this checkout as it is now; building it takes about half a minute. Needs Linux and root. */
export async function image(progress: (line: string) => void): Promise<Image> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("the image is built and run with mounts of its own: run the tests on Linux as root, or in a VM");
  }
  const base = join(cacheBase(process.env), "images");
  const folder = join(base, contentHash());
  await mkdir(base, { recursive: true });
  await withLock(base, progress, async () => {
    if (existsSync(folder)) return;
    progress("building the image");
    await withScratch(base, async (scratch) => {
      const output = join(scratch, "image");
      const began = performance.now();
      // In a process of its own: this one has to keep the lock alive.
      await promisify(execFile)(process.execPath, [join(root, "scripts/image.ts"), "--output", output]);
      progress(`built the image in ${((performance.now() - began) / 1000).toFixed(1)} s`);
      await rename(output, folder);
    });
    await forget(base, folder);
  });
  const { config } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as { config: ContainerConfig };
  return { rootfs: join(folder, "rootfs"), config };
}

export function environmentOf(config: ContainerConfig): Record<string, string> {
  return Object.fromEntries(
    config.Env.map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Of everything that decides what is in the image. */
function contentHash(): string {
  const ignored = parseIgnore(readFileSync(join(root, ".dockerignore"), "utf8"));
  const steps = parseDockerfile(readFileSync(join(root, "Dockerfile"), "utf8"));
  const copied = steps
    .flatMap((step) => (step.kind === "COPY" && step.from === undefined ? step.sources : []))
    .flatMap((source) => [source, ...globSync(`${source}/**`, { cwd: root })])
    .filter((path) => !ignored(path));
  const files = ["Dockerfile", ".dockerignore", ...globSync("scripts/image/*.ts", { cwd: root }), ...copied];
  const hash = createHash("sha256").update(`${process.version} ${process.arch}\n`);
  for (const path of [...new Set(files)].toSorted()) {
    try {
      hash.update(`${path}\n`).update(readFileSync(join(root, path)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EISDIR") throw error;
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function forget(base: string, current: string): Promise<void> {
  const folders = (await readdir(base)).map((name) => join(base, name)).filter((folder) => folder !== current);
  const aged = await Promise.all(folders.map(async (folder) => ({ folder, changed: (await stat(folder)).mtimeMs })));
  const old = aged.toSorted((a, b) => b.changed - a.changed).slice(KEPT - 1);
  await Promise.all(old.map(({ folder }) => rm(folder, { recursive: true, force: true })));
}
