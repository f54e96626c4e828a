import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { connectWithin } from "./connect.ts";

it("a server that takes the connection and says nothing is not waited for long", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-connect-"));
  try {
    const path = join(folder, "config");
    const { port } = server.address() as AddressInfo;
    const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { token: "t" } }],
    };
    await writeFile(path, JSON.stringify(config));
    const began = performance.now();
    const access = { from: "File", path, context: undefined } as const;
    await assert.rejects(connectWithin(300)(access), /cannot be reached/);
    assert.ok(performance.now() - began < 5_000);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(folder, { recursive: true });
  }
});
