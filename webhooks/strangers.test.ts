/** Who reaches the port and does not know the path: answered before a byte of what they send is kept. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlainly } from "node:net";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { connect } from "node:tls";
import { promisify } from "node:util";
import type { Log, Meter } from "../operator/ports.ts";
import { createServingCertificate } from "./certificate/create-certificate.ts";
import { build, type WebhookServer } from "./server.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const meter: Meter = { count: () => {}, gauge: () => {}, observe: () => {} };

describe("a stranger who promises megabytes", () => {
  let app: WebhookServer;
  let port = 0;
  before(async () => {
    const { cert, key } = await createServingCertificate(["localhost"], Date.now());
    const facts = { add: () => assert.fail("a stranger made a fact") };
    const probe = { saw: () => undefined, handshakeFailed: () => undefined };
    app = build({ facts, probe, log: silent, meter, https: { cert, key }, pathKey: () => "k3y", maxConnections: 3 });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const address = app.server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  after(() => app.close());

  /** The status line that comes while the body is still owed; "" where none came in 2 s. Then whether the connection ended. */
  const promise = (path: string): Promise<{ readonly status: string; readonly ended: boolean }> =>
    new Promise((resolve) => {
      let answer = "";
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`);
        socket.write("Content-Length: 3000000\r\n\r\n{");
      });
      const tell = (ended: boolean): void => {
        clearTimeout(timer);
        resolve({ status: answer.split("\r\n")[0] ?? "", ended });
        socket.destroy();
      };
      const timer = setTimeout(() => tell(false), 2_000);
      socket.on("data", (chunk) => {
        answer += String(chunk);
      });
      socket.on("error", () => tell(true));
      socket.on("end", () => tell(true));
    });

  for (const path of ["/admission", "/admission/k3x", "/admission/k3y/", "/admission/K3Y?timeout=2s", "/", "/%00"]) {
    it(`is sent away from ${path} at once`, async () => {
      assert.deepEqual(await promise(path), { status: "HTTP/1.1 404 Not Found", ended: true });
    });
  }
  it("is heard to the end by who knows the path, with the API server's query behind it", async () => {
    assert.deepEqual(await promise("/admission/k3y?timeout=2s"), { status: "", ended: false });
  });
  it("has no more connections than a few thousand, with all other strangers", async () => {
    const waiting = Array.from({ length: 3 }, () => connectPlainly(port, "127.0.0.1"));
    await Promise.all(waiting.map((socket) => once(socket, "connect")));
    assert.deepEqual(await promise("/admission/k3y"), { status: "", ended: true });
    for (const socket of waiting) socket.destroy();
    const count = promisify(app.server.getConnections.bind(app.server));
    while ((await count()) > 0) await setImmediate();
    assert.deepEqual(await promise("/admission"), { status: "HTTP/1.1 404 Not Found", ended: true });
  });
});
