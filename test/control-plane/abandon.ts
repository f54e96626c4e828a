/** A process that starts etcd as the control plane does and then ends without stopping it, in the way its argument says. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveBinaries } from "./binaries.ts";
import { startEtcd } from "./servers.ts";

const folder = await mkdtemp(join(tmpdir(), "clickscribe-orphan-"));
const pids: number[] = [];
await startEtcd(await resolveBinaries(), folder, (process) => pids.push(process.pid));
process.stdout.write(`${JSON.stringify({ folder, pids })}\n`);

const mode = process.argv[2];
if (mode === "wait") setInterval(() => undefined, 1_000);
if (mode === "exit") process.exit(0);
if (mode === "throw") throw new Error("thrown on purpose");
