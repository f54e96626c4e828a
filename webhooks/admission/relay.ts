/**
 * A replica that stands by is called as often as the one that writes: what it is told it hands on before it answers, so
 * that the fact is there when the watch event comes. Encrypted, to a server that proves itself by the webhook's own
 * authority, on the path that only replicas and the API server know.
 */
import { Agent } from "undici";
import type { Log, Meter } from "../../operator/ports.ts";

export interface RelayDeps {
  /** `HOST:PORT` of the replica that writes; undefined where this is it, or none is known. */
  readonly writer: () => string | undefined;
  /** What trust in the other one rests on: PEM of the webhook's authorities, and a name in its certificate. */
  readonly trust: () => { readonly ca: string; readonly serverName: string };
  /** The path that all replicas serve reviews on. */
  readonly path: () => string;
  readonly log: Log;
  readonly meter: Meter;
}

export interface Relay {
  /** Hands a review on. Resolves when it has arrived, or could not in time; never rejects. */
  pass(review: string): Promise<void>;
  close(): Promise<void>;
}

/** Marks what was handed on already: it goes no further. */
export const relayedHeader = "x-clickscribe-relayed";
/** The API server waits for two seconds at most, and a person waits with it. */
const timeoutMs = 500;

export function createRelay({ writer, trust, path, log, meter }: RelayDeps): Relay {
  let pool: { readonly key: string; readonly agent: Agent } | undefined;

  function agentFor(): Agent {
    const { ca, serverName } = trust();
    const key = `${serverName}\n${ca}`;
    if (pool?.key !== key) {
      pool?.agent.close().catch(() => undefined);
      const connect = { ca, servername: serverName, timeout: timeoutMs };
      pool = { key, agent: new Agent({ connect, connections: 4, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }) };
    }
    return pool.agent;
  }

  return {
    async pass(review) {
      const address = writer();
      if (address === undefined) return;
      let outcome = "Passed";
      try {
        const { statusCode, body } = await agentFor().request({
          origin: `https://${address}`,
          path: path(),
          method: "POST",
          headers: { "content-type": "application/json", [relayedHeader]: "true" },
          body: review,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await body.dump();
        if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
      } catch (error) {
        outcome = "Failed";
        log.warn({ writer: address, err: String(error) }, "a review was not handed on: its author may be unknown");
      }
      meter.count("clickscribe_relayed_reviews_total", { outcome });
    },
    async close() {
      await pool?.agent.destroy();
    },
  };
}
