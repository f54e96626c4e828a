/** The plain HTTP server of the kubelet and of Prometheus: `/healthz`, `/readyz`, `/metrics`. */
import Fastify, { type FastifyInstance } from "fastify";

export interface HttpDeps {
  /** What must hold before the operator counts as ready, by name; each answers why not, or undefined. */
  readonly checks: Readonly<Record<string, () => string | undefined>>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

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
  return app;
}
