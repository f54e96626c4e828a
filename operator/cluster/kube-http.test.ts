import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { createAuthority } from "../../test/control-plane/certificates.ts";
import {
  answerJson,
  answerStatus,
  noCredentials,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from "../../test/fakes/api-server.ts";
import { createFakeClock } from "../../test/fakes/clock.ts";
import type { Failure } from "../failures.ts";
import type { Json } from "../values.ts";
import type { Connection, Credentials } from "./kube-config.ts";
import { createKubeHttp, type KubeHttp } from "./kube-http.ts";

const parseJson = (text: string): Json => JSON.parse(text) as Json;

function httpTo(connection: Connection, timeoutMs = 5_000): KubeHttp {
  return createKubeHttp({ connection, parseJson, clock: createFakeClock(0), timeoutMs });
}

async function withServer(script: Script, work: (server: ScriptedServer) => Promise<void>): Promise<void> {
  const server = await startScriptedServer(script);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => assert.fail("it should fail"),
    (error: Failure) => error,
  );
}

const get = { method: "GET", path: "/api/v1/x" } as const;

describe("kubeHttp", () => {
  it("tells the server's clock where the server does", async () => {
    const dates = ["Fri, 01 Jan 2027 00:00:10 GMT", "no date"];
    await withServer(
      (_, response) => {
        response.setHeader("date", dates.shift() ?? "");
        answerJson(response, 200, { ok: true });
      },
      async (server) => {
        const http = httpTo({ server: server.url, credentials: () => Promise.resolve(noCredentials) });
        assert.deepEqual(await http.dated(get), { object: { ok: true }, date: Date.UTC(2027, 0, 1, 0, 0, 10) });
        assert.equal((await http.dated(get)).date, undefined);
        await http.close();
      },
    );
  });

  it("sends headers and body, and keeps its connections", async () => {
    const credentials = { ...noCredentials, authorization: "Bearer t", impersonate: "alice" };
    await withServer(
      (_, response) => answerJson(response, 200, { ok: true }),
      async (server) => {
        const connection = { server: `${server.url}/clusters/c-1`, credentials: () => Promise.resolve(credentials) };
        const http = httpTo(connection);
        for (let i = 0; i < 30; i++) await http.json(get);
        await http.json({ method: "POST", path: "/x?dryRun=All", body: "{}", contentType: "application/y" });
        await http.close();
        assert.ok(server.connections <= 3, `${server.connections} connections for 31 requests`);
        const { method, path, headers, body } = server.requests.at(-1) ?? assert.fail();
        assert.deepEqual([method, path, body], ["POST", "/clusters/c-1/x", "{}"]);
        assert.equal(headers.authorization, "Bearer t");
        assert.equal(headers["impersonate-user"], "alice");
        assert.equal(headers["content-type"], "application/y");
      },
    );
  });

  it("answers undefined for what is not there, and fails as the server says", async () => {
    await withServer(
      ({ path }, response) =>
        path === "/busy"
          ? answerStatus(response, 429, "slow down", { "retry-after": "9" })
          : answerStatus(response, 404, "not found"),
      async (server) => {
        const http = httpTo(server.connection);
        assert.equal(await http.find(get), undefined);
        assert.equal((await failureOf(http.json(get))).code, "KindNotServed");
        const busy = await failureOf(http.json({ method: "GET", path: "/busy" }));
        assert.deepEqual([busy.class, busy.until], ["Waiting", 9_000]);
        assert.equal((await failureOf(http.stream({ method: "GET", path: "/busy" }, 1_000))).until, 9_000);
        await http.close();
      },
    );
  });

  it("names the server that cannot be reached", async () => {
    const server = await startScriptedServer(() => undefined);
    await server.close();
    const http = httpTo(server.connection);
    const failure = await failureOf(http.json(get));
    assert.deepEqual([failure.class, failure.code], ["Retry", "ClusterUnreachable"]);
    assert.equal(failure.message, `the API server ${server.url} cannot be reached: ECONNREFUSED`);
    await http.close();
  });

  for (const [where, script] of [
    ["before the answer", () => undefined],
    ["in the middle of the answer", (_, response) => void response.writeHead(200).write('{"kind":')],
    ["in the middle of a refusal", (_, response) => void response.writeHead(500).write("{")],
  ] satisfies [string, Script][]) {
    it(`does not wait for a server that falls silent ${where}`, { timeout: 10_000 }, async () => {
      await withServer(script, async (server) => {
        const http = httpTo(server.connection, 400);
        assert.equal((await failureOf(http.json(get))).code, "ClusterUnreachable");
        await http.close();
      });
    });
  }

  it("says so when what answers is no API server", async () => {
    await withServer(
      (_, response) => void response.end("<html>It works!</html>"),
      async (server) => {
        const http = httpTo(server.connection);
        const failure = await failureOf(http.json(get));
        assert.equal(failure.code, "ClusterUnreachable");
        assert.match(failure.message, /does not answer as an API server does: \/api\/v1\/x is no JSON/);
        await http.close();
      },
    );
  });

  it("reads credentials once for all who ask together, and anew after a 401 and some seconds", async () => {
    let token = 0;
    const credentials = (): Promise<Credentials> =>
      Promise.resolve({ ...noCredentials, authorization: `Bearer ${++token}` });
    await withServer(
      ({ headers }, response) =>
        headers.authorization === "Bearer 1"
          ? answerStatus(response, 401, "Unauthorized")
          : answerJson(response, 200, {}),
      async (server) => {
        const clock = createFakeClock(0);
        const connection = { server: server.url, credentials };
        const http = createKubeHttp({ connection, parseJson, clock, timeoutMs: 5_000 });
        const refused = await Promise.allSettled([http.json(get), http.json(get), http.json(get)]);
        assert.deepEqual(
          refused.map(({ status }) => status),
          ["rejected", "rejected", "rejected"],
        );
        await Promise.all([http.json(get), http.json(get)]);
        assert.equal(token, 2);
        await clock.advance(6_000);
        await http.json(get);
        assert.equal(token, 3);
        await http.close();
      },
    );
  });

  it("tries credentials again that could not be read", async () => {
    let broken = true;
    await withServer(
      (_, response) => answerJson(response, 200, {}),
      async (server) => {
        const credentials = (): Promise<Credentials> =>
          broken ? Promise.reject(new Error("no token")) : Promise.resolve(noCredentials);
        const http = httpTo({ server: server.url, credentials });
        await assert.rejects(http.json(get), /no token/);
        broken = false;
        await http.json(get);
        await http.close();
      },
    );
  });

  it("trusts only its authority, names a certificate that it does not trust, and takes up a new authority", async () => {
    const [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
    const { certificate, key } = await authority.issueServer(["localhost"], ["127.0.0.1"]);
    const server = createServer({ cert: certificate, key }, (_, response) => response.end("{}"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    let ca = other.certificate;
    const clock = createFakeClock(0);
    const credentials = (): Promise<Credentials> => Promise.resolve({ ...noCredentials, tls: { ca } });
    const http = createKubeHttp({ connection: { server: url, credentials }, parseJson, clock, timeoutMs: 5_000 });
    try {
      const failure = await failureOf(http.json(get));
      assert.equal(failure.code, "ClusterUnreachable");
      assert.match(failure.message, /https:\/\/127\.0\.0\.1:\d+ cannot be reached: its certificate is not trusted \(/);
      ca = authority.certificate;
      await clock.advance(6_000);
      await http.json(get);
    } finally {
      await http.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
