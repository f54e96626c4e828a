import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import type { Failure } from "../failures.ts";
import { checkHost, hostOf } from "../net/address-policy.ts";
import { openSocketMode } from "./socket-mode.ts";

it("Socket Mode opens no websocket to a host that is not admitted, whoever names it", async () => {
  let upgrades = 0;
  const server = createServer();
  server.on("upgrade", (_, socket) => {
    upgrades++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/latest/meta-data`;
  const policy = { allowedHosts: ["slack.com"], allowPlainHttp: true, allowLocalAddresses: false };
  const told: Failure[] = [];
  const dispatcher = new Agent();
  const listening = openSocketMode({
    post: () => Promise.resolve({ status: 200, text: JSON.stringify({ ok: true, url }), retryAfterSeconds: undefined }),
    ...{ token: "xapp-1", apiUrl: "https://slack.com/api", dispatcher, allowPlain: true, onPress: () => undefined },
    checkHost: (asked) => checkHost(hostOf(asked), policy),
    clock: { random: () => 0.5, after: () => () => undefined },
    onState: (failure) => void (failure && told.push(failure)),
  });
  await sleep(300);
  assert.equal(upgrades, 0);
  assert.deepEqual(
    told.map(({ code }) => code),
    ["UrlForbidden"],
  );
  await listening.close();
  await dispatcher.close();
  server.close();
});
