/** The sources of a Go module that the control plane is built from, at the pinned version: from Go's module cache, or fetched. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { GO_MODULES } from "./build.ts";

/** The folder of `name`, as test/control-plane/go/kubernetes/go.mod pins it; sums are held there too. Rejects with what to do. */
export async function goModuleFolder(
  name: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const cwd = join(GO_MODULES, "kubernetes");
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)("go", ["mod", "download", "-json", name], { cwd, env: { ...env } }));
  } catch (error) {
    const { code, stdout: said = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    const why =
      code === "ENOENT"
        ? "there is no `go` on the PATH (Go 1.26 or newer: https://go.dev/dl)"
        : `it is neither in Go's module cache nor to be fetched: ${(said + stderr).trim()}`;
    throw new Error(`the Go module ${name} is needed for its test data, and ${why}`, { cause: error });
  }
  const { Dir } = JSON.parse(stdout) as { readonly Dir?: string };
  if (Dir === undefined) throw new Error(`\`go mod download -json ${name}\` names no folder: ${stdout.trim()}`);
  return Dir;
}
