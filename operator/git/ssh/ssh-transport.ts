/**
 * Git's HTTP requests, made over SSH: each is a command on a channel of its own (gitprotocol-pack(5), "SSH Transport").
 * What the command says first answers a GET, and is passed over for a POST.
 *
 * Invariants: nothing is sent to a server that known_hosts does not name; an answer longer than the limits, or slower,
 * ends in a Failure. Whatever goes wrong is a Failure.
 */
import { Failure, stalled } from "../../failures.ts";
import { type AddressPolicy, checkUrl } from "../../net/address-policy.ts";
import { type Destination, failureOfError } from "../../net/classify.ts";
import type { RemoteAccess } from "../../ports.ts";
import type { Limits } from "../limits.ts";
import { encodePacket, flushPacket } from "../pkt-line.ts";
import type { HttpAnswer, HttpRequest, Transport } from "../transport.ts";
import { readAdvertisement } from "./advertisement.ts";
import type { ExecChannel } from "./exec-channel.ts";
import type { Sessions } from "./sessions.ts";
import { failureOfAdvertisement, failureOfExit } from "./ssh-failures.ts";
import { type SshRequest, toSshRequest } from "./ssh-request.ts";

export interface SshTransportDeps {
  readonly access: RemoteAccess;
  readonly policy: AddressPolicy;
  readonly sessions: Sessions;
  readonly limits: Limits;
}

/** Of an advertisement, to tell an error in it by. */
const maxFirst = 1_000;

export function createSshTransport({ access, policy, sessions, limits }: SshTransportDeps): Transport {
  const { timeoutMs } = access;

  /** The end of the advertisement, and what came after it. Throws Failure where it is not whole. */
  const passAdvertisement = async (
    channel: ExecChannel,
    { service }: SshRequest,
    at: Destination,
    keep: (bytes: Buffer) => void,
  ): Promise<Buffer> => {
    let size = 0;
    let first: Buffer = Buffer.alloc(0);
    const { whole, rest } = await readAdvertisement(
      () => channel.read(),
      (bytes) => {
        size += bytes.length;
        if (size > limits.answerBytes) throw tooLong(at, limits);
        if (first.length < maxFirst) first = Buffer.concat([first, bytes.subarray(0, maxFirst)]);
        keep(bytes);
      },
    );
    if (!whole) throw failureOfAdvertisement(first, service, at, channel.exit());
    return rest;
  };

  const advertisement = async (channel: ExecChannel, request: SshRequest, at: Destination): Promise<Buffer> => {
    const parts = [encodePacket(`# service=${request.service}\n`), flushPacket];
    // Without a wish the server has nothing to do.
    const asking = channel.write(flushPacket);
    await passAdvertisement(channel, request, at, (bytes) => void parts.push(bytes));
    await asking;
    channel.close();
    return Buffer.concat(parts);
  };

  async function* answerOf(
    channel: ExecChannel,
    rest: Buffer,
    { service }: SshRequest,
    at: Destination,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let size = 0;
    try {
      for (let chunk: Buffer | undefined = rest; chunk !== undefined; chunk = await channel.read()) {
        size += chunk.length;
        if (size > limits.answerBytes) throw tooLong(at, limits);
        if (chunk.length > 0) yield chunk;
      }
      const exit = channel.exit();
      // Words that the server says in git's own way come before.
      if (exit.signal !== undefined || (exit.code ?? 0) !== 0) throw failureOfExit(service, at, exit);
    } catch (error) {
      throw failureOfError(error, at);
    } finally {
      channel.close();
    }
  }

  const send = async (asked: HttpRequest, request: SshRequest, at: Destination): Promise<HttpAnswer> => {
    const environment = environmentOf(asked.headers);
    const wholeMs = timeoutMs * limits.wholeRequestFactor;
    const channel = await sessions.exec(access, request, { at, environment, idleMs: timeoutMs, wholeMs });
    const answer = { url: asked.url, date: undefined };
    try {
      if (request.method === "GET") {
        const body = await advertisement(channel, request, at);
        return { ...answer, contentType: `application/x-${request.service}-advertisement`, body: once(body) };
      }
      channel.write(asked.body ?? Buffer.alloc(0)).catch((error: unknown) => channel.fail(error));
      const rest = await passAdvertisement(channel, request, at, () => undefined);
      const contentType = `application/x-${request.service}-result`;
      return { ...answer, contentType, body: answerOf(channel, rest, request, at) };
    } catch (error) {
      channel.close();
      throw error;
    }
  };

  return {
    admit: (url) => void checkUrl(url, policy),
    async send(asked) {
      const url = checkUrl(asked.url, policy);
      const request = toSshRequest(asked.method, url);
      const at = { host: url.host, path: request.path, credentials: access.credentials.type };
      try {
        return await send(asked, request, at);
      } catch (error) {
        throw failureOfError(error, at);
      }
    },
  };
}

function environmentOf(headers: HttpRequest["headers"]): Readonly<Record<string, string>> {
  const wanted = Object.entries(headers).find(([name]) => name.toLowerCase() === "git-protocol")?.[1];
  return wanted === "version=2" ? { GIT_PROTOCOL: wanted } : {};
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

function tooLong(at: Destination, limits: Limits): Failure {
  return stalled("RemoteInvalid", `${at.host} answers more than ${limits.answerBytes} bytes`, { host: at.host });
}
