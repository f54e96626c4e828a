// Runs before every npm script, under whatever Node the machine has: brings node_modules in step with the lock file.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".clickscribe-lock");
const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const current = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";
if (current !== wanted) {
  process.stderr.write("installing the packages named in package-lock.json (about a minute, once)\n");
  const run = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (run.status !== 0) {
    process.stderr.write("npm ci failed: see its messages above\n");
    process.exit(run.status ?? 1);
  }
  if (!existsSync(join(root, "node_modules", "node", "bin"))) {
    process.stderr.write(
      "the devDependency `node` has no binary: packages were installed with --ignore-scripts; run `npm ci` without it\n",
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
