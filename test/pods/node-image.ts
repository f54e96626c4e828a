/** An image with Node, the libraries that it loads, and what else is put into its folder: no shell, nothing of this machine. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Image } from "./pod.ts";

/** `rootfs` is made where it is missing. The image runs `node` as uid 65532, as the Dockerfile's does. */
export async function makeNodeImage(rootfs: string): Promise<Image> {
  const { stdout } = await promisify(execFile)("ldd", [process.execPath], { env: { PATH: "/usr/bin:/bin" } });
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/gu)].map(([, path = ""]) => path);
  const files = [[process.execPath, "/usr/local/bin/node"] as const, ...libraries.map((path) => [path, path] as const)];
  for (const [from, to] of files) {
    await mkdir(join(rootfs, dirname(to)), { recursive: true });
    await copyFile(from, join(rootfs, to), constants.COPYFILE_FICLONE);
  }
  await Promise.all(["app", "etc"].map((folder) => mkdir(join(rootfs, folder), { recursive: true })));
  await writeFile(join(rootfs, "etc/nsswitch.conf"), "hosts: files dns\n");
  return {
    rootfs,
    config: {
      Entrypoint: ["/usr/local/bin/node"],
      Env: ["NODE_ENV=production"],
      User: "65532:65532",
      WorkingDir: "/app",
    },
  };
}
