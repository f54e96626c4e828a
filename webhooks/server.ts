/**
 * The HTTPS server that the API server calls. It answers from memory, keeps nothing but facts, and believes nobody: what
 * is posted here names an author only if a watch event confirms it.
 */
import { timingSafeEqual } from "node:crypto";
import type { Server } from "node:https";
import Fastify, { type FastifyInstance } from "fastify";
import type { FactSink, Log, Meter } from "../operator/ports.ts";
import type { Probe } from "./admission/probe.ts";
import { type Relay, relayedHeader } from "./admission/relay.ts";
import { review } from "./admission/route.ts";

export interface WebhookDeps {
  readonly facts: FactSink;
  readonly probe: Pick<Probe, "saw" | "handshakeFailed">;
  readonly log: Log;
  readonly meter: Meter;
  /** PEM. */
  readonly https: { readonly cert: string; readonly key: string };
  /** The last segment of the path, `/admission/KEY`, known to the API server alone; without one the path is `/admission`. */
  readonly pathKey?: () => string;
  /** Where reviews are handed on while another replica writes. */
  readonly relay?: Pick<Relay, "pass">;
  /** Of one review, which holds the object and the old object; bytes. Default: 3.5 MiB. */
  readonly bodyLimit?: number;
  /** At one time; more are closed. Each takes some 25 kB, also a stranger's. Default: 4000. */
  readonly maxConnections?: number;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

export type WebhookServer = FastifyInstance<Server>;

const admissionPath = "/admission";

/** The path that `build` serves with this key. */
export function admissionPathOf(pathKey: string | undefined): string {
  return pathKey === undefined ? admissionPath : `${admissionPath}/${pathKey}`;
}

/** Ready to `listen`. */
export function build(deps: WebhookDeps): WebhookServer {
  const { facts, probe, log, meter, pathKey, relay } = deps;
  const now = deps.now ?? Date.now;
  const app: WebhookServer = Fastify({
    // Longer than the API server keeps an idle connection (90 s): a POST on one that we close would fail.
    https: {
      ...deps.https,
      minVersion: "TLSv1.2",
      keepAliveTimeout: 120_000,
      headersTimeout: 10_000,
      handshakeTimeout: 10_000,
    },
    keepAliveTimeout: 120_000,
    requestTimeout: 10_000,
    bodyLimit: deps.bodyLimit ?? 3.5 * 1024 * 1024,
    forceCloseConnections: "idle",
    logger: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  app.setErrorHandler((error: { readonly statusCode?: number; readonly code?: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    log.debug({ status, code: error.code ?? "" }, "a request to the webhook was refused");
    void reply.code(status).type("application/json").send(`{"error":"${status}"}`);
  });
  app.server.maxConnections = deps.maxConnections ?? 4_000;
  app.server.on("tlsClientError", (error: Error & { readonly code?: string }) => {
    if (error.code !== undefined && error.code !== "ECONNRESET") probe.handshakeFailed(error.code);
  });

  const admission = { facts, probe, log, meter, now };
  // Before the body: what strangers send is never held in memory.
  app.addHook("onRequest", async (request, reply) => {
    const [path = ""] = request.url.split("?");
    if (request.method === "POST" && same(path, admissionPathOf(pathKey?.()))) return;
    await reply.code(404).header("connection", "close").type("application/json").send('{"error":"404"}');
  });
  app.post("*", async (request, reply) => {
    const text = String(request.body);
    const { status, body } = review(text, admission);
    if (relay !== undefined && status === 200 && request.headers[relayedHeader] === undefined) await relay.pass(text);
    return reply.code(status).type("application/json").send(body);
  });
  return app;
}

/** New handshakes get the new certificate; open connections go on. */
export function rotateCertificate(
  app: WebhookServer,
  certificate: { readonly cert: string; readonly key: string },
): void {
  app.server.setSecureContext({ cert: certificate.cert, key: certificate.key, minVersion: "TLSv1.2" });
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
