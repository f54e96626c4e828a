/**
 * The node's side of the Pods' network, in a network namespace of its own: a bridge between the Pods and this machine, and
 * what kube-proxy does for the few addresses that Pods may reach. A process (see network.ts); it ends when its parent does.
 *
 * One line of JSON comes in on standard input, `ready` goes out. What arrives at a forwarded address is handed to a Unix
 * socket, which no network namespace separates from its other end.
 */
import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

export interface Forward {
  /** IPv4 and port as Pods see them. */
  readonly address: string;
  readonly port: number;
  /** Path of the Unix socket whose listener makes the connection. */
  readonly socket: string;
}

export interface ForwardSetup {
  /** The bridge's own address with its prefix length, as `ip` takes it. */
  readonly address: string;
  /** The interface that leads to this machine, already here. */
  readonly uplink: string;
  readonly forwards: readonly Forward[];
}

if (import.meta.main) {
  const lines = createInterface({ input: process.stdin });
  lines.once("line", (line) => void setUp(JSON.parse(line) as ForwardSetup));
  lines.once("close", () => process.exit(0));
}

async function setUp({ address, uplink, forwards }: ForwardSetup): Promise<void> {
  ip("link", "set", "lo", "up");
  // An address of its own, or it would take that of its lowest port, and change when a Pod comes: Pods know the old one.
  ip("link", "add", "pods", "address", "02:00:c6:12:00:02", "type", "bridge");
  ip("address", "add", address, "dev", "pods");
  ip("link", "set", uplink, "master", "pods", "up");
  ip("link", "set", "pods", "up");
  for (const own of new Set(forwards.map((forward) => forward.address))) ip("address", "add", `${own}/32`, "dev", "lo");
  await Promise.all(forwards.map(listen));
  process.stdout.write("ready\n");
}

function listen({ address, port, socket }: Forward): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (incoming) => {
    const onward = connect({ path: socket, allowHalfOpen: true });
    incoming.on("error", () => onward.destroy());
    onward.on("error", () => incoming.resetAndDestroy());
    incoming.pipe(onward).pipe(incoming);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"], env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
}
