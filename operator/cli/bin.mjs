#!/usr/bin/env node
// Starts the command line under any Node that can read this: from the sources in a checkout, from dist/ where installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const sources = here("cli.ts");
const inCheckout = existsSync(sources) && !sources.includes("node_modules");
const ownNode = here(`../../node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`);

if (inCheckout && !existsSync(here("../../node_modules"))) {
  process.stderr.write("clickscribe: this checkout has no packages yet: run npm ci\n");
  process.exitCode = 1;
} else if (Number.parseInt(process.versions.node, 10) >= 24) {
  const { start } = await import(inCheckout ? "./cli.ts" : "../../dist/operator/cli/cli.js");
  const { version } = JSON.parse(readFileSync(here("../../package.json"), "utf8"));
  await start(version);
} else if (inCheckout && existsSync(ownNode)) {
  const child = spawn(ownNode, process.argv.slice(1), { stdio: "inherit" });
  // A terminal signals the whole group; whoever signals this process alone means the child.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => (process.exitCode = code ?? (signal === null ? 1 : 128)));
} else {
  const how = inCheckout ? "run npm ci, which brings it along" : "install it from https://nodejs.org";
  process.stderr.write(`clickscribe: needs Node 24 or newer, and this is ${process.version}: ${how}\n`);
  process.exitCode = 1;
}
