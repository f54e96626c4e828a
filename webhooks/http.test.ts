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
  it("hands presses on as they came, and says neither more nor less than whether they were taken", async () => {
    const seen: unknown[] = [];
    const answers: (boolean | undefined)[] = [true, false, undefined];
    const taking = buildHttp({
      checks: {},
      metrics: () => Promise.reject(new Error("no")),
      press: (notifier, request) => {
        seen.push([notifier, request]);
        return Promise.resolve(answers[seen.length - 1]);
      },
    });
    const post = async (payload: string, type = "application/x-www-form-urlencoded"): Promise<number> => {
      const headers = { "content-type": type, "x-slack-signature": "v0=a", "x-slack-request-timestamp": "7" };
      return (await taking.inject({ method: "POST", url: "/slack/shop/team", headers, payload })).statusCode;
    };
    const codes = [await post("payload=%7B"), await post("x"), await post("x")];
    assert.deepEqual(codes, [200, 401, 503]);
    assert.deepEqual(seen[0], ["shop/team", { timestamp: "7", signature: "v0=a", body: "payload=%7B" }]);
    assert.equal(await post("x".repeat(256 * 1024 + 1)), 413);
    assert.equal(await post("<x/>", "text/xml"), 415);
    assert.equal(seen.length, 3);
  });
  it("knows nothing else", async () => {
    assert.equal((await get("/"))[0], 404);
    assert.equal((await app.inject({ method: "POST", url: "/healthz", payload: "x" })).statusCode, 404);
  });
});
