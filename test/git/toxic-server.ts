/**
 * A git server over HTTP that answers what it is told to, at the step of the protocol that a test chose, and honestly at
 * all others. Below `/good` it is honest throughout.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodePacket, flushPacket } from "../../operator/git/pkt-line.ts";
import { commitPack, treeOf } from "./toxic-packs.ts";

export type Step = "capabilities" | "receiveCapabilities" | "refs" | "fetch" | "push";
export type Toxin = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;
export type Toxins = Partial<Readonly<Record<Step, Toxin>>>;

export interface ToxicServer {
  /** Of the repository with the toxins, and of the good one. */
  readonly url: string;
  readonly goodUrl: string;
  /** Answers that are neither ended nor given up by the client. */
  open(): number;
  stop(): Promise<void>;
}

export const good: { readonly pack: Buffer; readonly tip: string } = commitPack(1, (below) =>
  treeOf([["40000", "d", below]]),
);

const honest: Readonly<Record<Step, Toxin>> = {
  capabilities: (response) =>
    whole(response, [
      encodePacket("# service=git-upload-pack\n"),
      flushPacket,
      ...["version 2", "agent=toxic", "ls-refs=unborn", "fetch=shallow filter"].map((line) =>
        encodePacket(`${line}\n`),
      ),
      flushPacket,
    ]),
  receiveCapabilities: (response) => {
    const features = "report-status side-band-64k delete-refs ofs-delta atomic agent=toxic";
    whole(response, [
      encodePacket("# service=git-receive-pack\n"),
      flushPacket,
      encodePacket(`${good.tip} refs/heads/main\0${features}\n`),
      flushPacket,
    ]);
  },
  refs: (response) => listRefs(response, good.tip),
  fetch: (response) => sendPack(response, good.pack),
  push: (response) => {
    const report = Buffer.concat([encodePacket("unpack ok\n"), encodePacket("ok refs/heads/main\n"), flushPacket]);
    whole(response, [band(1, report), flushPacket]);
  },
};

export async function startToxicServer(toxins: Toxins): Promise<ToxicServer> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.on("close", () => open.delete(response)).on("error", () => {});
    void (async () => {
      const body = await bodyOf(request);
      const url = request.url ?? "";
      const step = stepOf(url, body);
      const isGood = url.startsWith("/good");
      await ((isGood ? undefined : toxins[step]) ?? honest[step])(response, request);
    })().catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${base}/toxic`,
    goodUrl: `${base}/good`,
    open: () => open.size,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Ends an answer of these parts. */
export function whole(response: ServerResponse, parts: readonly Uint8Array[]): void {
  response.end(Buffer.concat(parts));
}

export function band(number: 1 | 2 | 3, data: Uint8Array | string): Buffer {
  return encodePacket(Buffer.concat([Buffer.from([number]), Buffer.from(data as Uint8Array)]));
}

export function listRefs(response: ServerResponse, tip: string): void {
  const lines = [`${tip} HEAD symref-target:refs/heads/main`, `${tip} refs/heads/main`];
  whole(response, [...lines.map((line) => encodePacket(`${line}\n`)), flushPacket]);
}

/** The answer to a fetch, whole and well framed. */
export function sendPack(response: ServerResponse, pack: Buffer): void {
  const packets = [encodePacket("packfile\n")];
  for (let at = 0; at < pack.length; at += 65_000) packets.push(band(1, pack.subarray(at, at + 65_000)));
  whole(response, [...packets, flushPacket]);
}

/** Sends a piece again and again, as fast as the client reads, until it goes. */
export async function forever(response: ServerResponse, piece: Uint8Array): Promise<void> {
  while (!response.destroyed) {
    if (!response.write(piece)) await drained(response);
  }
}

/** Waits until the client has read, or is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.on("drain", resolve).on("close", resolve);
  await promise;
  response.off("drain", resolve).off("close", resolve);
}

/** Sends a byte every so many milliseconds, until the client goes. */
export async function drip(response: ServerResponse, bytes: Uint8Array, everyMs: number): Promise<void> {
  for (let at = 0; !response.destroyed; at = (at + 1) % bytes.length) {
    response.write(bytes.subarray(at, at + 1));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function stepOf(url: string, body: Buffer): Step {
  if (url.endsWith("service=git-upload-pack")) return "capabilities";
  if (url.endsWith("service=git-receive-pack")) return "receiveCapabilities";
  if (url.endsWith("/git-receive-pack")) return "push";
  return body.includes("command=ls-refs") ? "refs" : "fetch";
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
