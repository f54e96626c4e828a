import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { connect, posted, postTo, slackServer } from "./client.ts";
import { signature } from "./press.ts";
import type { SlackServer } from "./slack-server.ts";
import { type Json, type JsonObject, type MessageAt, textOf } from "./values.ts";

const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5";
const blocks = [
  { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Keep" }, action_id: "keep" }] },
];
const alert = (slack: SlackServer): Promise<MessageAt> => posted(slack, { text: "drift", blocks });

interface App extends AsyncDisposable {
  readonly url: string;
  readonly payloads: readonly JsonObject[];
}

/** An app that checks signatures as Slack's documentation tells. */
async function app(): Promise<App> {
  const payloads: JsonObject[] = [];
  const server = createServer((incoming, response) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (part: string) => (body += part));
    incoming.on("end", () => {
      const timestamp = incoming.headers["x-slack-request-timestamp"];
      const expected = createHmac("sha256", signingSecret)
        .update(`v0:${String(timestamp)}:${body}`)
        .digest("hex");
      const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
      const isSigned = incoming.headers["x-slack-signature"] === `v0=${expected}`;
      if (isFresh && isSigned) payloads.push(JSON.parse(new URLSearchParams(body).get("payload") ?? "") as JsonObject);
      response.writeHead(isFresh && isSigned ? 200 : 401).end(isFresh ? "" : "stale");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/interactive`,
    payloads,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a press over HTTP", () => {
  it("is signed as in Slack's documentation", () => {
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
      "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
      "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d" +
      "10d2c447fce8b6703c";
    const secret = "8f742231b10e8888abcd99yyyzzz85a5";
    assert.equal(
      signature(secret, 1_531_420_618, body),
      "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    );
  });

  it("comes as a form with the payload of the message", async () => {
    await using slack = await slackServer();
    await using receiver = await app();
    const at = await alert(slack);
    const { status, payload, request } = await slack.pressOverHttp(receiver.url, signingSecret, "ada", at, "keep");
    assert.equal(status, 200);
    assert.deepEqual(receiver.payloads, [payload]);
    assert.equal(payload["type"], "block_actions");
    assert.ok(request.body.startsWith("payload=%7B"));
    assert.equal(request.headers["content-type"], "application/x-www-form-urlencoded");
  });

  it("can be tampered with", async () => {
    await using slack = await slackServer();
    await using receiver = await app();
    const at = await alert(slack);
    const press = async (tamper: Parameters<SlackServer["pressOverHttp"]>[5], secret = signingSecret) => {
      const { status, text } = await slack.pressOverHttp(receiver.url, secret, "ada", at, "keep", tamper);
      return [status, text];
    };
    assert.deepEqual(await press({ body: (body) => body.replace("ada", "eve") }), [401, ""]);
    assert.deepEqual(await press({ signature: (sign) => sign.replace(/.$/u, "x") }), [401, ""]);
    assert.deepEqual(await press({}, "another secret"), [401, ""]);
    assert.deepEqual(await press({ timestamp: Math.floor(Date.now() / 1000) - 301 }), [401, "stale"]);
    const now = String(Math.floor(Date.now() / 1000) + 1);
    assert.deepEqual(await press({ headers: (all) => ({ ...all, "x-slack-request-timestamp": now }) }), [401, ""]);
    assert.deepEqual(await press({ headers: (all) => ({ ...all, "x-slack-signature": undefined }) }), [401, ""]);
    assert.deepEqual(receiver.payloads, []);
    assert.deepEqual(await press({}), [200, ""]);
  });

  it("waits three seconds for its answer", async () => {
    await using slack = await slackServer();
    slack.inject("auth.test", { kind: "hang" });
    const at = await alert(slack);
    const pressed = slack.pressOverHttp(`${slack.apiUrl}auth.test`, signingSecret, "ada", at, "keep");
    await assert.rejects(pressed, { name: "TimeoutError" });
  });
});

describe("a response_url", () => {
  const press = async (slack: SlackServer, at: MessageAt): Promise<string> => {
    if (slack.connections === 0) await connect(slack);
    return textOf((await slack.press("ada", at, "keep")).payload["response_url"]) ?? "";
  };
  const answer = async (url: string, body: Json): Promise<readonly [number, string]> => {
    const { status, text } = await postTo(url, body);
    return [status, text];
  };

  it("tells the presser alone", async () => {
    await using slack = await slackServer();
    const at = await alert(slack);
    const url = await press(slack, at);
    assert.deepEqual(await answer(url, { response_type: "ephemeral", text: "You may not." }), [200, "ok"]);
    const [reply] = slack.repliesTo(at);
    assert.deepEqual(
      [reply?.user, reply?.responseType, reply?.text, reply?.replaceOriginal],
      ["U1", "ephemeral", "You may not.", false],
    );
    assert.deepEqual(slack.repliesTo({ ...at, ts: "1.000001" }), []);
    assert.deepEqual(
      slack.messages.map(({ text }) => text),
      ["drift"],
    );
    assert.deepEqual([slack.calls.at(-1)?.method, slack.calls.at(-1)?.status], ["response_url", 200]);
  });

  it("replaces the message, answers in its channel, deletes it", async () => {
    await using slack = await slackServer();
    const at = await alert(slack);
    const url = await press(slack, at);
    await answer(url, { replace_original: true, text: "kept by ada" });
    assert.deepEqual([slack.message(at)?.text, slack.message(at)?.blocks], ["kept by ada", []]);
    await answer(url, { response_type: "in_channel", text: "done" });
    assert.deepEqual(
      slack.messages.map(({ text }) => text),
      ["kept by ada", "done"],
    );
    await answer(url, { delete_original: "true" });
    assert.deepEqual(
      slack.messages.map(({ text }) => text),
      ["done"],
    );
    assert.deepEqual(
      slack.replies.map(({ replaceOriginal, deleteOriginal }) => [replaceOriginal, deleteOriginal]),
      [
        [true, false],
        [false, false],
        [false, true],
      ],
    );
  });

  it("is good five times, half an hour, and for good bodies", async () => {
    await using slack = await slackServer();
    const at = await alert(slack);
    const url = await press(slack, at);
    assert.deepEqual(await answer(url, []), [400, "invalid_payload"]);
    assert.deepEqual((await answer(url, { blocks: [{ type: "card" }] }))[0], 400);
    for (let count = 0; count < 5; count++) assert.deepEqual(await answer(url, { text: "a" }), [200, "ok"]);
    assert.deepEqual(await answer(url, { text: "a" }), [404, '{"ok":false,"error":"used_url"}']);
    assert.deepEqual(await answer(`${url}x`, { text: "a" }), [404, "no_service"]);
    await using impatient = await slackServer({ responseUrlMs: -1 });
    const late = await press(impatient, await alert(impatient));
    assert.deepEqual(await answer(late, { text: "a" }), [404, '{"ok":false,"error":"expired_url"}']);
  });
});
