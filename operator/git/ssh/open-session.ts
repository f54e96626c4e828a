/** A session of SSH: the server is known (known_hosts), and knows us. Nothing is sent before. */
import { connect, type LookupFunction, type Socket } from "node:net";
import ssh2, { type AnyAuthMethod, type Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { type Failure, stalled } from "../../failures.ts";
import { type Destination, failureOfError } from "../../net/classify.ts";
import type { OpenTunnel } from "../../net/proxy-tunnel.ts";
import type { SshIdentity } from "../../ports.ts";
import { fingerprintOf, type HostKeyVerdict, keyTypeOf, knownHostKeys, verifyHostKey } from "./known-hosts.ts";
import { readPrivateKey } from "./private-key.ts";
import { failureOfHandshake } from "./ssh-failures.ts";
import { hostName } from "./ssh-request.ts";

export interface SessionDeps {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly at: Destination;
  readonly identity: SshIdentity;
  /** Answers checked addresses alone. */
  readonly lookup: LookupFunction;
  /** Through a proxy; undefined: directly. */
  readonly tunnel: OpenTunnel | undefined;
  /** From the first packet to the login, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Session {
  readonly client: Client;
  readonly socket: Socket;
}

const keepaliveMs = 15_000;
const supported: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** Throws Failure. */
export async function openSession(deps: SessionDeps): Promise<Session> {
  const { host, port, at, identity, tunnel } = deps;
  const key = identity.privateKey && readPrivateKey(identity.privateKey, identity.passphrase);
  const { username, password } = identity;
  const socket = tunnel === undefined ? await dial(deps) : await tunnel(host, port);
  socket.setNoDelay(true);
  let untrusted: Failure | undefined;
  const ways: AnyAuthMethod[] = [
    ...(key ? [{ type: "publickey" as const, username, key }] : []),
    ...(password === undefined ? [] : [{ type: "password" as const, username, password }]),
  ];
  const client = new ssh2.Client();
  const config: ConnectConfig = {
    sock: socket,
    username,
    authHandler: (_left, _partial, next) => next((ways.shift() ?? false) as AnyAuthMethod),
    algorithms: { serverHostKey: algorithms(identity.knownHosts, host, port), compress: ["none"] },
    hostVerifier: (shown: Buffer) => {
      const verdict = verifyHostKey(identity.knownHosts, host, port, shown);
      if (verdict !== "Known") untrusted = distrust(verdict, deps, shown);
      return verdict === "Known";
    },
    readyTimeout: deps.timeoutMs,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: 2,
  };
  const login = { username, fingerprint: key ? fingerprintOf(key.getPublicSSH()) : undefined };
  return await new Promise((resolve, reject) => {
    let first: unknown;
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(untrusted ?? failureOfHandshake(error, at, login));
    };
    // A key that does not sign is told first, and then that no key is left.
    client.on("error", (error) => {
      first ??= error;
      if (!/^Error signing/.test(error.message)) fail(first);
    });
    client.once("close", () => fail(first ?? new Error("Connection lost before handshake")));
    client.once("ready", () => resolve({ client, socket }));
    client.connect(config);
  });
}

async function dial({ host, port, lookup, at, timeoutMs }: SessionDeps): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(failureOfError(error, at));
    };
    const late = Object.assign(new Error("no connection in time"), { code: "UND_ERR_CONNECT_TIMEOUT" });
    const timer = setTimeout(() => fail(late), Math.min(timeoutMs, 10_000));
    socket.once("error", (error) => {
      clearTimeout(timer);
      fail(error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** Of the keys that the host is known by, else it might show another that is as good; all, where it is not known. */
function algorithms(knownHosts: string, host: string, port: number): ServerHostKeyAlgorithm[] {
  const { types } = knownHostKeys(knownHosts, host, port);
  const known = supported.filter((name) => types.includes(name.startsWith("rsa-") ? "ssh-rsa" : name));
  return known.length > 0 ? known : [...supported];
}

function distrust(verdict: Exclude<HostKeyVerdict, "Known">, deps: SessionDeps, shown: Buffer): Failure {
  const { host, port, identity } = deps;
  const name = hostName(host, port);
  const key = `${keyTypeOf(shown)} ${fingerprintOf(shown)}`;
  const { authority } = knownHostKeys(identity.knownHosts, host, port);
  const certificates = authority ? "; @cert-authority is not supported: add the key of the host itself" : "";
  const messages = {
    Unknown: `known_hosts in the Secret does not name ${name}, which shows the key ${key}: compare it with what the host publishes, and add it${certificates}`,
    Changed: `the host key of ${name} changed: it shows ${key}, and known_hosts in the Secret has another. Somebody may stand in between: nothing was sent`,
    Revoked: `${name} shows the key ${key}, which known_hosts in the Secret marks as @revoked: nothing was sent`,
  };
  return stalled("HostKeyUntrusted", messages[verdict], { host: deps.at.host });
}
