import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildHttp } from "./http.ts";

describe("http", () => {
  const why: { webhook: string | undefined } = { webhook: "the port is not open" };
  const app = buildHttp({
    checks: { discovery: () => undefined, webhook: () => why.webhook },
    metrics: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "clickscribe_facts 1\n" }),
  });
  const get = async (url: string): Promise<readonly [number, string]> => {
    const { statusCode, body } = await app.inject({ method: "GET", url });
    return [statusCode, body];
  };

  it("is alive whatever is not ready", async () => {
    assert.deepEqual(await get("/healthz"), [200, "ok\n"]);
  });
  it("says which check fails and why", async () => {
    why.webhook = "the port is not open";
    assert.deepEqual(await get("/readyz"), [503, "[-]webhook failed: the port is not open\nnot ready\n"]);
    assert.deepEqual(await get("/readyz?verbose"), [
      503,
      "[+]discovery ok\n[-]webhook failed: the port is not open\nnot ready\n",
    ]);
  });
  it("is ready when every check holds", async () => {
    why.webhook = undefined;
    assert.deepEqual(await get("/readyz"), [200, "ok\n"]);
    assert.deepEqual(await get("/readyz?verbose"), [200, "[+]discovery ok\n[+]webhook ok\nok\n"]);
  });
  it("serves metrics as Prometheus wants them", async () => {
    const answer = await app.inject({ method: "GET", url: "/metrics" });
    assert.equal(answer.body, "clickscribe_facts 1\n");
    assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  });
  it("fails the scrape, not the process, when metrics fail", async () => {
    const failing = buildHttp({ checks: {}, metrics: () => Promise.reject(new Error("no")) });
    assert.equal((await failing.inject({ method: "GET", url: "/metrics" })).statusCode, 500);
  });
  it("knows nothing else", async () => {
    assert.equal((await get("/"))[0], 404);
    assert.equal((await app.inject({ method: "POST", url: "/healthz", payload: "x" })).statusCode, 404);
  });
});
