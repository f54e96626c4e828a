/**
 * A network for Pods: each has a network namespace and an address of its own; this machine reaches them all, and they reach
 * each other and the forwarded addresses, nothing else. Needs root.
 *
 *   this machine --- veth --- [node: bridge, forwards] --- veth --- [Pod]
 *
 * Namespaces have no names and live as long as a process that holds them; each such process dies with this one, and the
 * kernel then takes the interfaces away. So nothing is left behind, however this process ends.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ForwardSetup } from "./forward.ts";

export interface Target {
  /** IPv4 and port as Pods see them. */
  readonly address: string;
  readonly port: number;
  /** A port on this machine's loopback. */
  readonly to: number;
}

export interface PodNetwork {
  /** IPv4; this machine and other Pods reach the Pod there. */
  readonly address: string;
  /** Put before a command, it runs in the Pod's network and with its host name. */
  readonly enter: readonly [command: string, ...args: string[]];
  close(): Promise<void>;
}

export interface Network {
  /** This machine's, as Pods see it. */
  readonly hostAddress: string;
  addPod(hostname: string): Promise<PodNetwork>;
  close(): Promise<void>;
}

/** RFC 2544: for tests between devices that nobody else reaches. The third byte tells networks on one machine apart. */
const PREFIX = "198.18";
const NETWORKS = 256;
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const run = promisify(execFile);

/** `folder` is for sockets; its path must be short enough for one (107 bytes in all). Throws without root. */
export async function startNetwork(folder: string, targets: readonly Target[]): Promise<Network> {
  if (process.getuid?.() !== 0)
    throw new Error("Pods need root: they get network namespaces, mounts and users of their own");
  await mkdir(folder, { recursive: true });
  const sockets = new Set<Socket>();
  const forwards = targets.map(({ address, port }, index) => ({ address, port, socket: join(folder, `${index}`) }));
  const servers = await Promise.all(targets.map(({ to }, index) => listen(forwards[index]?.socket ?? "", to, sockets)));
  const node = hold([process.execPath, fileURLToPath(new URL("forward.ts", import.meta.url))]);
  const closeServers = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  };
  const nodePid = String(node.pid);
  const pods = new Set<ChildProcess>();
  let last = 9;
  try {
    const { network, link } = await claimNetwork(nodePid);
    const setup: ForwardSetup = { address: `${network}.2/24`, uplink: "host", forwards };
    node.stdin?.write(`${JSON.stringify(setup)}\n`);
    await readyLine(node);
    return {
      hostAddress: `${network}.1`,
      async addPod(hostname) {
        const number = ++last;
        if (number > 250) throw new Error("no address is left for another Pod");
        const address = `${network}.${number}`;
        const script = 'printf %s "$1" >/proc/sys/kernel/hostname && echo ready && read -r end';
        const pause = hold(["/bin/sh", "-c", script, "pause", hostname]);
        pods.add(pause);
        const pid = String(pause.pid);
        const inside = (...args: readonly string[]): Promise<void> => ip(pid, ...args);
        await readyLine(pause);
        await ip(nodePid, "link", "add", `pod${number}`, "type", "veth", "peer", "name", "eth0", "netns", pid);
        await ip(nodePid, "link", "set", `pod${number}`, "master", "pods", "up");
        await inside("link", "set", "lo", "up");
        await inside("address", "add", `${address}/24`, "dev", "eth0");
        await inside("link", "set", "eth0", "up");
        for (const target of new Set(targets.map((each) => each.address))) {
          await inside("route", "add", `${target}/32`, "via", `${network}.2`);
        }
        return {
          address,
          enter: ["/usr/bin/nsenter", "--target", pid, "--net", "--uts"],
          async close() {
            pods.delete(pause);
            await kill(pause);
          },
        };
      },
      async close() {
        // The kernel would do it too, some seconds after the last process.
        await ip(undefined, "link", "delete", link).catch(() => undefined);
        await Promise.all([...pods, node].map(kill));
        await closeServers();
      },
    };
  } catch (error) {
    await kill(node);
    await closeServers();
    throw error;
  }
}

/** Joins this machine to the node. The interface's name is claimed by making it, so no two networks are the same. */
async function claimNetwork(nodePid: string): Promise<{ readonly network: string; readonly link: string }> {
  const start = process.pid;
  for (let attempt = 0; attempt < NETWORKS; attempt++) {
    const number = (start + attempt) % NETWORKS;
    const network = `${PREFIX}.${number}`;
    const { stdout: routes } = await run("ip", ["-4", "route", "show", "root", `${network}.0/24`], { env: { PATH } });
    if (routes.trim() !== "") continue;
    const link = `clickscribe${number}`;
    try {
      await ip(undefined, "link", "add", link, "type", "veth", "peer", "name", "host", "netns", nodePid);
    } catch (error) {
      if (String(error).includes("File exists")) continue;
      throw error;
    }
    await ip(undefined, "address", "add", `${network}.1/24`, "dev", link);
    await ip(undefined, "link", "set", link, "up");
    return { network, link };
  }
  throw new Error(`every network of ${PREFIX}.0.0/16 is in use on this machine`);
}

/** A process with a network and a host name of its own that dies with this one. */
function hold(command: readonly string[]): ChildProcess {
  const args = ["--pdeathsig", "KILL", "unshare", "--net", "--uts", ...command];
  return spawn("setpriv", args, { env: { PATH }, stdio: ["pipe", "pipe", "inherit"] });
}

async function readyLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("no standard output");
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a process of the Pods' network ended with exit code ${String(code)}`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(child.stdout, "data"), ended]);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function ip(pid: string | undefined, ...args: readonly string[]): Promise<void> {
  if (pid === undefined) await run("ip", args, { env: { PATH } });
  else await run("nsenter", ["--target", pid, "--net", "ip", ...args], { env: { PATH } });
}

/** Hands what arrives at a Unix socket on to a port of loopback. */
function listen(path: string, port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (incoming) => {
    const onward = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    for (const socket of [incoming, onward]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    incoming.on("error", () => onward.destroy());
    onward.on("error", () => incoming.destroy());
    incoming.pipe(onward).pipe(incoming);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}
