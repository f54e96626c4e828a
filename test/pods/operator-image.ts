/** The operator's image as the Dockerfile makes it, from what this checkout has installed: seconds, and no network. */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../harness/install.ts";
import { makeNodeImage } from "./node-image.ts";
import type { Image } from "./pod.ts";

/** Of a folder that `npm run image` made. */
export async function readImage(folder: string): Promise<Image> {
  const { config } = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as Pick<Image, "config">;
  return { rootfs: join(folder, "rootfs"), config };
}

/** `rootfs` is made where it is missing. */
export async function makeOperatorImage(rootfs: string): Promise<Image> {
  const image = await makeNodeImage(rootfs);
  const app = join(rootfs, "app");
  const tsc = join(root, "node_modules/.bin/tsc");
  await promisify(execFile)(tsc, ["-p", join(root, "tsconfig.build.json"), "--outDir", join(app, "dist")]);
  const files = ["package.json", "operator/cli/bin.mjs", ...(await packages())];
  for (const file of files) {
    await mkdir(dirname(join(app, file)), { recursive: true });
    await cp(join(root, file), join(app, file), {
      recursive: true,
      filter: (path) => !/\.(?:[cm]?ts|map)$/u.test(path),
    });
  }
  const Env = ["NODE_ENV=production", "NODE_OPTIONS=--disable-proto=throw"];
  return { rootfs, config: { ...image.config, Env, Entrypoint: ["/usr/local/bin/node", "/app/operator/cli/bin.mjs"] } };
}

/** Folders of the packages that the operator runs with, those within others left out. */
async function packages(): Promise<readonly string[]> {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/u.test(path) && !dev && !devOptional)
    .map(([path]) => path);
}
