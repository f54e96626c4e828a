import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitFor } from "../harness/wait-for.ts";
import { api, appToken, connect, openUrl, posted, type SocketClient, slackServer } from "./client.ts";
import type { SlackServer } from "./slack-server.ts";
import { isObject, type JsonObject, type MessageAt, textOf } from "./values.ts";

const keep: JsonObject = {
  type: "button",
  text: { type: "plain_text", text: "Keep" },
  action_id: "keep",
  value: "drift-1",
  style: "primary",
};
const drop: JsonObject = { type: "button", text: { type: "plain_text", text: "Drop" }, action_id: "drop" };
const blocks: readonly JsonObject[] = [
  { type: "section", text: { type: "mrkdwn", text: "*a*" }, accessory: drop },
  { type: "actions", block_id: "choice", elements: [keep] },
];
const alert = (slack: SlackServer): Promise<MessageAt> => posted(slack, { text: "drift", blocks });

const objectOf = (holder: JsonObject | undefined, key: string): JsonObject => {
  const value = holder?.[key];
  return isObject(value) ? value : {};
};
const kinds = (client: SocketClient): readonly (string | undefined)[] =>
  client.frames.map((one) => textOf(one["type"]));
const arrived = (client: SocketClient, count: number): Promise<readonly JsonObject[]> =>
  waitFor(`${count} frames`, () => (client.frames.length >= count ? client.frames : undefined), {
    timeoutMs: 5000,
    intervalMs: 5,
  });

describe("connections", () => {
  it("begin with hello", async () => {
    await using slack = await slackServer();
    const first = await connect(slack);
    const second = await connect(slack);
    const [hello] = await arrived(first, 1);
    const { started, ...debug } = objectOf(hello, "debug_info");
    assert.match(textOf(started) ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/u);
    assert.deepEqual(
      { ...hello, debug_info: debug },
      {
        type: "hello",
        num_connections: 1,
        connection_info: { app_id: "A0CLICK" },
        debug_info: { host: "applink-clickscribe-test", build_number: 1, approximate_connection_time: 18_060 },
      },
    );
    assert.equal((await arrived(second, 1))[0]?.["num_connections"], 2);
    assert.equal(slack.connections, 2);
    first.close();
    await waitFor("one connection", () => (slack.connections === 1 ? true : undefined), { timeoutMs: 5000 });
  });

  it("need a URL of their own, which is good for one", async () => {
    await using slack = await slackServer();
    const url = await openUrl(slack);
    assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/link\/\?ticket=/u);
    await connect(slack, url);
    await assert.rejects(connect(slack, url), /not let in/u);
    await assert.rejects(connect(slack, `${slack.url.replace("http", "ws")}/link/?ticket=mine`), /not let in/u);
    assert.equal(slack.connections, 1);
  });

  it("are ten at most", async () => {
    await using slack = await slackServer();
    for (let count = 0; count < 10; count++) await connect(slack);
    const eleventh = await connect(slack);
    await eleventh.closed;
    assert.deepEqual(
      [eleventh.frames[0]?.["type"], eleventh.frames[0]?.["reason"]],
      ["disconnect", "too_many_websockets"],
    );
    assert.equal(slack.connections, 10);
  });

  it("meet injected faults", async () => {
    await using slack = await slackServer();
    slack.inject("apps.connections.open", { kind: "error", error: "internal_error" });
    assert.equal((await api(slack, "apps.connections.open", {}, appToken)).body["error"], "internal_error");
    slack.inject("link", { kind: "status", status: 503 });
    slack.inject("link", { kind: "close" });
    await assert.rejects(connect(slack), /not let in/u);
    await assert.rejects(connect(slack), /not let in/u);
    slack.inject("hello", { kind: "hang" });
    const silent = await connect(slack);
    const welcome = await connect(slack);
    await arrived(welcome, 1);
    assert.deepEqual(silent.frames, []);
    slack.inject("link", { kind: "hang" });
    const waiting = connect(slack);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [outcome] = await Promise.allSettled([waiting, slack.close()]);
    assert.equal(outcome.status, "rejected");
  });
});

describe("a press", () => {
  it("comes as the documented payload in an envelope, and resolves with its ack", async () => {
    await using slack = await slackServer();
    const client = await connect(slack);
    const at = await alert(slack);
    const pressed = await slack.press("ada", at, "keep");
    const envelope = client.frames[1] ?? {};
    const { payload, ...around } = envelope;
    assert.deepEqual(around, {
      envelope_id: pressed.envelopeId,
      type: "interactive",
      accepts_response_payload: false,
    });
    assert.deepEqual(payload, pressed.payload);
    const { trigger_id, response_url, actions, message, ...rest } = pressed.payload;
    assert.deepEqual(rest, {
      type: "block_actions",
      user: { id: "U1", username: "ada", name: "ada", team_id: "T000" },
      api_app_id: "A0CLICK",
      token: "verification-token",
      container: { type: "message", message_ts: at.ts, channel_id: "C1", is_ephemeral: false },
      team: { id: "T000", domain: "example" },
      enterprise: null,
      is_enterprise_install: false,
      channel: { id: "C1", name: "drift" },
      state: { values: {} },
    });
    const [{ action_ts, ...action }] = actions as unknown as readonly [JsonObject];
    assert.deepEqual(action, {
      action_id: "keep",
      block_id: "choice",
      text: { type: "plain_text", text: "Keep", emoji: true },
      value: "drift-1",
      style: "primary",
      type: "button",
    });
    assert.match(textOf(action_ts) ?? "", /^\d{10}\.\d{6}$/u);
    assert.match(textOf(trigger_id) ?? "", /^\d+\.\d+\.[0-9a-f]{32}$/u);
    assert.ok(textOf(response_url)?.startsWith(`${slack.url}/actions/`));
    assert.deepEqual([(message as JsonObject)["ts"], (message as JsonObject)["text"]], [at.ts, "drift"]);
    assert.deepEqual(pressed.ack, {
      ...pressed.ack,
      envelopeId: pressed.envelopeId,
      connection: 1,
      payload: undefined,
    });
  });

  it("finds buttons by what they are, in accessories and attachments too, in threads", async () => {
    await using slack = await slackServer();
    await connect(slack);
    const parent = await alert(slack);
    const at = await posted(slack, {
      thread_ts: parent.ts,
      attachments: [{ color: "#ff0000", blocks: [{ type: "actions", elements: [{ ...keep, action_id: "deep" }] }] }],
    });
    const deep = await slack.press("U2", at, (button) => button["value"] === "drift-1");
    assert.deepEqual(deep.payload["container"], {
      type: "message_attachment",
      message_ts: at.ts,
      attachment_id: 1,
      is_app_unfurl: false,
      channel_id: "C1",
      is_ephemeral: false,
      thread_ts: parent.ts,
    });
    const { payload } = await slack.press("ada", parent, "drop");
    assert.match(JSON.stringify(payload["actions"]), /"action_id":"drop","block_id":".{5}"/u);
  });

  it("cannot be of what is not there", async () => {
    await using slack = await slackServer();
    const at = await alert(slack);
    await assert.rejects(slack.press("ada", at, "keep"), /no Socket Mode connection is open/u);
    await connect(slack);
    await assert.rejects(slack.press("ada", at, "sing"), /no such button .* there are: "drop", "keep"/u);
    await assert.rejects(slack.press("ada", { ...at, ts: "1.000001" }, "keep"), /no message 1\.000001 in C1/u);
    await assert.rejects(slack.press("eve", at, "keep"), /no user eve/u);
  });

  it("comes again to another connection without an ack", async () => {
    await using slack = await slackServer({ redeliverAfterMs: 50 });
    const deaf = await connect(slack);
    const able = await connect(slack);
    deaf.acks = false;
    const at = await alert(slack);
    const presses = [await slack.press("ada", at, "keep"), await slack.press("ada", at, "drop")];
    const again = presses.find(({ connections }) => connections.length === 2);
    assert.deepEqual(again?.connections, [1, 2]);
    const copies = [...deaf.frames, ...able.frames].filter((one) => one["envelope_id"] === again?.envelopeId);
    assert.deepEqual(
      copies.map((one) => [one["retry_attempt"], one["retry_reason"]]),
      [
        [undefined, undefined],
        [1, "timeout"],
      ],
    );
    assert.deepEqual(copies[0]?.["payload"], copies[1]?.["payload"]);
  });

  it("is given up after the last delivery", async () => {
    await using slack = await slackServer({ redeliverAfterMs: 20, deliveries: 3 });
    const deaf = await connect(slack);
    deaf.acks = false;
    await assert.rejects(slack.press("ada", await alert(slack), "keep"), /was not acked; sent by connections 1, 1, 1/u);
  });

  it("may come twice, and again although it was acked", async () => {
    await using slack = await slackServer({ redeliverAfterMs: 20 });
    const client = await connect(slack);
    const at = await alert(slack);
    const twice = await slack.press("ada", at, "keep", { copies: 2 });
    assert.deepEqual(twice.connections, [1, 1]);
    const lost = await slack.press("ada", at, "keep", { lostAcks: 1 });
    assert.deepEqual(lost.connections, [1, 1]);
    assert.deepEqual(kinds(client), ["hello", "interactive", "interactive", "interactive", "interactive"]);
    assert.equal(slack.acks.filter(({ envelopeId }) => envelopeId === lost.envelopeId).length, 2);
  });
});

describe("disconnects", () => {
  for (const reason of ["warning", "refresh_requested", "link_disabled"] as const) {
    it(`say why: ${reason}`, async () => {
      await using slack = await slackServer();
      const client = await connect(slack);
      slack.disconnect(reason, 30);
      await client.closed;
      assert.deepEqual(client.frames[1], {
        type: "disconnect",
        reason,
        debug_info: { host: "applink-clickscribe-test" },
      });
    });
  }

  it("leave presses to the connections that came since", async () => {
    await using slack = await slackServer();
    const old = await connect(slack);
    slack.disconnect("warning");
    const young = await connect(slack);
    const at = await alert(slack);
    for (let count = 0; count < 3; count++) await slack.press("ada", at, "keep");
    assert.deepEqual(kinds(old), ["hello", "disconnect"]);
    assert.deepEqual(kinds(young), ["hello", "interactive", "interactive", "interactive"]);
  });

  it("come without a word, or are not even seen", async () => {
    await using slack = await slackServer({ redeliverAfterMs: 20, deliveries: 2 });
    const first = await connect(slack);
    slack.dropConnections();
    await first.closed;
    assert.deepEqual(kinds(first), ["hello"]);
    const second = await connect(slack);
    await arrived(second, 1);
    slack.freezeConnections();
    await assert.rejects(slack.press("ada", await alert(slack), "keep"), /was not acked/u);
    assert.deepEqual(kinds(second), ["hello"]);
    assert.equal(slack.connections, 1);
  });
});
