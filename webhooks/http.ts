/** The plain HTTP server of the kubelet and of Prometheus (`/healthz`, `/readyz`, `/metrics`), and of pressed buttons. */
import Fastify, { type FastifyInstance } from "fastify";
import type { SignedRequest } from "../operator/ports.ts";

export interface HttpDeps {
  /** What must hold before the operator counts as ready, by name; each answers why not, or undefined. */
  readonly checks: Readonly<Record<string, () => string | undefined>>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Whether the request is signed by the service of this Notifier (NAMESPACE/NAME); undefined: nothing is taken here. */
  readonly press?: (notifier: string, request: SignedRequest) => Promise<boolean | undefined>;
}

/** Slack's payload of a press holds the whole message. */
const maxPress = 256 * 1024;

/** Ready to `listen`. `/readyz?verbose` lists every check. */
export function buildHttp(deps: HttpDeps): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: 1024, requestTimeout: 10_000, forceCloseConnections: true });

  app.get("/healthz", (_request, reply) => reply.type("text/plain; charset=utf-8").send("ok\n"));

  app.get<{ readonly Querystring: { readonly verbose?: string } }>("/readyz", (request, reply) => {
    const results = Object.entries(deps.checks).map(([name, check]) => ({ name, why: check() }));
    const ready = results.every(({ why }) => why === undefined);
    const lines = results
      .filter(({ why }) => request.query.verbose !== undefined || why !== undefined)
      .map(({ name, why }) => (why === undefined ? `[+]${name} ok` : `[-]${name} failed: ${why}`));
    const text = [...lines, ready ? "ok" : "not ready"].join("\n");
    return reply
      .code(ready ? 200 : 503)
      .type("text/plain; charset=utf-8")
      .send(`${text}\n`);
  });

  app.get("/metrics", async (_request, reply) => {
    const { contentType, text } = await deps.metrics();
    return reply.type(contentType).send(text);
  });

  const { press } = deps;
  if (press !== undefined) {
    app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) => {
      done(null, body);
    });
    app.post<{ readonly Params: { readonly namespace: string; readonly name: string }; readonly Body: string }>(
      "/slack/:namespace/:name",
      { bodyLimit: maxPress },
      async ({ params, headers, body }, reply) => {
        const header = (name: string): string => String(headers[name] ?? "");
        const signed = { timestamp: header("x-slack-request-timestamp"), signature: header("x-slack-signature"), body };
        const isTaken = await press(`${params.namespace}/${params.name}`, signed);
        if (isTaken === undefined) return reply.code(503).send();
        // Whether there is such a Notifier is nobody's business.
        return reply.code(isTaken ? 200 : 401).send();
      },
    );
  }
  return app;
}
