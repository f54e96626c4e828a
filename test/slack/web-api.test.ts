import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { api, appToken, botToken, postTo, slackServer } from "./client.ts";
import { type Json, type JsonObject, textOf } from "./values.ts";

const said = (value: Json | undefined): string => textOf(value) ?? "";

const section = (text: string): JsonObject => ({ type: "section", text: { type: "mrkdwn", text } });

describe("chat.postMessage", () => {
  it("keeps the message and answers it as Slack shows it", async () => {
    await using slack = await slackServer();
    const blocks = [
      section("*drift*"),
      { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Keep" } }] },
    ];
    const metadata = { event_type: "drift", event_payload: { id: "1" } };
    const { status, body } = await api(slack, "chat.postMessage", { channel: "C1", text: "drift", blocks, metadata });
    assert.equal(status, 200);
    const message = body["message"] as JsonObject;
    const [kept] = slack.messages;
    assert.deepEqual([body["ok"], body["channel"], body["ts"]], [true, "C1", kept?.ts]);
    assert.match(said(body["ts"]), /^\d{10}\.\d{6}$/u);
    assert.deepEqual(
      [message["type"], message["user"], message["bot_id"], message["text"]],
      ["message", "U0CLICKBOT", "B0CLICKBOT", "drift"],
    );
    assert.match(JSON.stringify(message["blocks"]), /"verbatim":false.*"block_id":".{5}".*"action_id":".{5}"/u);
    assert.match(JSON.stringify(message["blocks"]), /"emoji":true/u);
    const { channel, threadTs, text, edited, replyBroadcast } = kept ?? {};
    assert.deepEqual(
      { channel, threadTs, text, edited, replyBroadcast, metadata: kept?.metadata },
      { channel: "C1", threadTs: undefined, text: "drift", edited: undefined, replyBroadcast: false, metadata },
    );
  });

  it("takes a form whose blocks are JSON, with the token in it", async () => {
    await using slack = await slackServer();
    const form = { token: botToken, channel: "#drift", text: "a", blocks: JSON.stringify([section("b")]) };
    const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    assert.equal(((await response.json()) as JsonObject)["ok"], true);
    assert.equal(slack.messages[0]?.blocks.length, 1);
    assert.equal(JSON.stringify(slack.calls).includes(botToken), false);
  });

  it("answers in threads, seen in the channel when asked to", async () => {
    await using slack = await slackServer();
    const { body: parent } = await api(slack, "chat.postMessage", { channel: "C1", text: "parent" });
    const reply = { channel: "C1", text: "reply", thread_ts: parent["ts"] ?? null };
    await api(slack, "chat.postMessage", reply);
    await api(slack, "chat.postMessage", { ...reply, reply_broadcast: true });
    const seen = slack.messages.slice(1).map(({ threadTs, replyBroadcast }) => [threadTs, replyBroadcast]);
    assert.deepEqual(seen, [
      [parent["ts"], false],
      [parent["ts"], true],
    ]);
    const { body } = await api(slack, "chat.postMessage", { ...reply, thread_ts: "1.000001" });
    assert.equal(body["error"], "thread_not_found");
  });

  const rejected: readonly (readonly [name: string, values: Json, error: string])[] = [
    ["no channel", { text: "a" }, "invalid_arguments"],
    ["a channel that is not there", { channel: "C9", text: "a" }, "channel_not_found"],
    ["a private channel without the bot", { channel: "C4", text: "a" }, "channel_not_found"],
    ["a channel without the bot", { channel: "other", text: "a" }, "not_in_channel"],
    ["an archived channel", { channel: "C3", text: "a" }, "is_archived"],
    ["nothing to say", { channel: "C1", text: "", blocks: [] }, "no_text"],
    ["too much to say", { channel: "C1", text: "x".repeat(40_001) }, "msg_too_long"],
    ["blocks that are none", { channel: "C1", blocks: "{" }, "invalid_blocks_format"],
    ["blocks in an object", { channel: "C1", blocks: {} }, "invalid_blocks_format"],
    ["a block that is none", { channel: "C1", blocks: [{ type: "card" }] }, "invalid_blocks"],
    ["attachments of bad blocks", { channel: "C1", attachments: [{ blocks: [{}] }] }, "invalid_attachments"],
    [
      "101 attachments",
      { channel: "C1", attachments: Array.from({ length: 101 }, () => ({})) },
      "too_many_attachments",
    ],
    ["a text of metadata", { channel: "C1", text: "a", metadata: "no" }, "invalid_metadata_format"],
    ["metadata without a type", { channel: "C1", text: "a", metadata: { a: 1 } }, "invalid_metadata_schema"],
    [
      "blocks too long together",
      { channel: "C1", blocks: Array.from({ length: 5 }, () => section("x".repeat(2500))) },
      "msg_blocks_too_long",
    ],
  ];
  for (const [name, values, error] of rejected) {
    it(`rejects ${name}`, async () => {
      await using slack = await slackServer();
      const { status, body } = await api(slack, "chat.postMessage", values);
      assert.deepEqual([status, body["ok"], body["error"]], [200, false, error]);
      assert.equal(slack.messages.length, 0);
      assert.equal(slack.calls[0]?.error, error);
    });
  }

  it("tells which block is wrong, and why", async () => {
    await using slack = await slackServer();
    const { body } = await api(slack, "chat.postMessage", { channel: "C1", blocks: [section("x".repeat(3001))] });
    const problem = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]";
    assert.deepEqual(body, {
      ok: false,
      error: "invalid_blocks",
      errors: [problem],
      response_metadata: { messages: [`[ERROR] ${problem}`] },
    });
  });

  it("posts to public channels without the bot when the scope allows it", async () => {
    const scoped = { token: botToken, scopes: ["chat:write", "chat:write.public"] };
    await using slack = await slackServer({ botTokens: [scoped] });
    assert.equal((await api(slack, "chat.postMessage", { channel: "C2", text: "a" })).body["ok"], true);
  });

  it("allows about one message a second and channel, after a burst", async () => {
    const twoChannels = [
      { id: "C1", name: "a" },
      { id: "C2", name: "b" },
    ];
    await using slack = await slackServer({ channels: twoChannels, rateLimit: { perSecond: 1, burst: 2 } });
    const post = (channel: string) => api(slack, "chat.postMessage", { channel, text: "a" });
    assert.deepEqual(
      [(await post("C1")).status, (await post("C1")).status, (await post("C2")).status],
      [200, 200, 200],
    );
    const { status, headers, body } = await post("C1");
    assert.deepEqual([status, headers.get("retry-after"), body], [429, "1", { ok: false, error: "ratelimited" }]);
    const webhook = await postTo(slack.webhookUrl, { text: "a" });
    assert.deepEqual([webhook.status, webhook.headers.get("retry-after"), webhook.text], [429, "1", "rate_limited"]);
    await new Promise((resolve) => setTimeout(resolve, 1050));
    assert.equal((await post("C1")).status, 200);
  });
});

describe("chat.update", () => {
  it("changes what it names, keeps the rest, and marks the message as edited", async () => {
    await using slack = await slackServer();
    const metadata = { event_type: "drift", event_payload: {} };
    const { body: posted } = await api(slack, "chat.postMessage", {
      channel: "C1",
      text: "a",
      blocks: [section("a")],
      metadata,
    });
    const at = { channel: "C1", ts: said(posted["ts"]) };
    const { body } = await api(slack, "chat.update", { ...at, text: "b" });
    assert.deepEqual([body["ok"], body["channel"], body["ts"], body["text"]], [true, "C1", at.ts, "b"]);
    const kept = slack.message(at);
    assert.deepEqual([kept?.text, kept?.blocks.length, kept?.metadata], ["b", 1, metadata]);
    assert.equal(kept?.edited?.user, "U0CLICKBOT");
    await api(slack, "chat.update", { ...at, text: "c", blocks: [], metadata: {} });
    const again = slack.message(at);
    assert.deepEqual([again?.text, again?.blocks, again?.metadata], ["c", [], undefined]);
    assert.equal(slack.messages.length, 1);
  });

  it("is refused by what stands in its way", async () => {
    const botTokens = [botToken, { token: "xoxb-other", userId: "U0OTHER" }];
    await using slack = await slackServer({ botTokens });
    const { body: posted } = await api(slack, "chat.postMessage", { channel: "C1", text: "a" });
    const at = { channel: "C1", ts: said(posted["ts"]) };
    const error = async (values: JsonObject, token: string = botToken): Promise<Json | undefined> =>
      (await api(slack, "chat.update", { ...at, text: "b", ...values }, token)).body["error"];
    assert.equal(await error({ ts: "1.000001" }), "message_not_found");
    assert.equal(await error({ channel: "C9" }), "channel_not_found");
    assert.equal(await error({ channel: "drift" }), "channel_not_found");
    assert.equal(await error({}, "xoxb-other"), "cant_update_message");
    assert.equal(await error({ ts: slack.say("ada", "C1", "hello").ts }), "cant_update_message");
    assert.equal(await error({ text: "" }), "no_text");
    assert.equal(await error({ blocks: [{}] }), "invalid_blocks");
    slack.closeEditWindow(at);
    assert.equal(await error({}), "edit_window_closed");
    slack.setChannel({ id: "C1", name: "drift", archived: true });
    assert.equal(await error({}), "is_inactive");
    slack.setChannel({ id: "C1", name: "drift" });
    slack.removeMessage(at);
    assert.equal(await error({}), "message_not_found");
  });
});

describe("chat.getPermalink", () => {
  it("answers where a message is, and a reply in its thread; it reads queries and forms, not JSON", async () => {
    await using slack = await slackServer();
    const { body: parent } = await api(slack, "chat.postMessage", { channel: "C1", text: "a" });
    const { body: reply } = await api(slack, "chat.postMessage", {
      channel: "C1",
      text: "b",
      thread_ts: said(parent["ts"]),
    });
    const link = async (ts: Json | undefined, channel = "C1"): Promise<JsonObject> => {
      const url = `${slack.apiUrl}chat.getPermalink?channel=${channel}&message_ts=${said(ts)}`;
      return (await fetch(url, { headers: { authorization: `Bearer ${botToken}` } })).json() as Promise<JsonObject>;
    };
    const of = (ts: Json | undefined): string => `p${said(ts).replace(".", "")}`;
    const base = "https://example.slack.com/archives/C1/";
    assert.equal((await link(parent["ts"]))["permalink"], base + of(parent["ts"]));
    const inThread = `?thread_ts=${said(parent["ts"])}&cid=C1`;
    assert.equal((await link(reply["ts"]))["permalink"], base + of(reply["ts"]) + inThread);
    assert.equal((await link("1.000001"))["error"], "message_not_found");
    assert.equal((await link(parent["ts"], "C9"))["error"], "channel_not_found");
    const { body } = await api(slack, "chat.getPermalink", { channel: "C1", message_ts: parent["ts"] ?? null });
    assert.equal(body["error"], "invalid_arguments");
  });
});

describe("tokens", () => {
  it("auth.test tells who the token is", async () => {
    await using slack = await slackServer();
    const { body, headers } = await api(slack, "auth.test");
    assert.deepEqual(body, {
      ok: true,
      url: "https://example.slack.com/",
      team: "Example",
      user: "clickscribe",
      team_id: "T000",
      user_id: "U0CLICKBOT",
      bot_id: "B0CLICKBOT",
      is_enterprise_install: false,
    });
    assert.equal(headers.get("x-oauth-scopes"), "chat:write");
  });

  it("are refused by name", async () => {
    await using slack = await slackServer({ botTokens: [botToken, { token: "xoxb-old", error: "account_inactive" }] });
    const error = async (token: string): Promise<Json | undefined> =>
      (await api(slack, "auth.test", {}, token)).body["error"];
    assert.equal(await error(""), "not_authed");
    assert.equal(await error("xoxb-none"), "invalid_auth");
    assert.equal(await error("xoxb-old"), "account_inactive");
    slack.setTokenError(botToken, "token_revoked");
    assert.equal(await error(botToken), "token_revoked");
    slack.setTokenError(botToken, undefined);
    assert.equal(await error(botToken), undefined);
    const inBody = await api(slack, "auth.test", { token: botToken }, "");
    assert.equal(inBody.body["error"], "not_authed", "of JSON, only the header counts");
  });

  it("lack scopes", async () => {
    await using slack = await slackServer({ botTokens: [{ token: botToken, scopes: ["users:read", "team:read"] }] });
    const { body } = await api(slack, "chat.postMessage", { channel: "C1", text: "a" });
    const provided = "users:read,team:read";
    assert.deepEqual(body, { ok: false, error: "missing_scope", needed: "chat:write", provided });
    slack.setTokenScopes(botToken, ["chat:write"]);
    assert.equal((await api(slack, "chat.postMessage", { channel: "C1", text: "a" })).body["ok"], true);
  });

  it("are of the kind that the method wants", async () => {
    await using slack = await slackServer();
    const { body: posted } = await api(slack, "chat.postMessage", { channel: "C1", text: "a" }, appToken);
    assert.equal(posted["error"], "not_allowed_token_type");
    const { body: opened } = await api(slack, "apps.connections.open", {}, botToken);
    assert.equal(opened["error"], "not_allowed_token_type");
  });
});

describe("bodies", () => {
  const post = async (url: string, type: string | undefined, body: string): Promise<JsonObject> => {
    const headers = { authorization: `Bearer ${botToken}`, ...(type === undefined ? {} : { "content-type": type }) };
    const answer = await fetch(url, { method: "POST", headers, body: new TextEncoder().encode(body) });
    return (await answer.json()) as JsonObject;
  };

  it("are refused by name", async () => {
    await using slack = await slackServer();
    const url = `${slack.apiUrl}chat.postMessage`;
    assert.equal((await post(url, "application/json; charset=utf-8", "{"))["error"], "invalid_json");
    assert.equal((await post(url, "application/json; charset=utf-8", "[]"))["error"], "json_not_object");
    assert.equal((await post(url, "application/json; charset=klingon", "{}"))["error"], "invalid_charset");
    assert.equal((await post(url, "application/xml", "<a/>"))["error"], "invalid_post_type");
    assert.equal((await post(url, undefined, "{}"))["error"], "missing_post_type");
    assert.equal((await post(`${slack.apiUrl}chat.sing`, "application/json", "{}"))["error"], "unknown_method");
    assert.equal(slack.calls[0]?.body, "{");
  });

  it("of JSON without a charset are taken with a warning", async () => {
    await using slack = await slackServer();
    const body = JSON.stringify({ channel: "C1", text: "a" });
    const answered = await post(`${slack.apiUrl}chat.postMessage`, "application/json", body);
    assert.deepEqual(
      [answered["ok"], answered["warning"], answered["response_metadata"]],
      [true, "missing_charset", { warnings: ["missing_charset"] }],
    );
  });
});

describe("the incoming webhook", () => {
  it("answers ok and posts to its channel", async () => {
    await using slack = await slackServer();
    assert.match(slack.webhookUrl, /\/services\/T000\/B000\/SECRET$/u);
    const { status, text, headers } = await postTo(slack.webhookUrl, { text: "a", blocks: [section("b")] });
    assert.deepEqual([status, text, headers.get("content-type")], [200, "ok", "text/html"]);
    const form = await fetch(slack.webhookUrl, {
      method: "POST",
      body: new URLSearchParams({ payload: '{"text":"c"}' }),
    });
    assert.equal(await form.text(), "ok");
    assert.deepEqual(
      slack.messages.map(({ channel, text, user }) => [channel, text, user]),
      [
        ["C1", "a", undefined],
        ["C1", "c", undefined],
      ],
    );
    const updated = await api(slack, "chat.update", { channel: "C1", ts: slack.messages[0]?.ts ?? "", text: "d" });
    assert.equal(updated.body["error"], "cant_update_message");
  });

  it("answers words as plain text with a status", async () => {
    await using slack = await slackServer();
    const answer = async (body: Json | string, url = slack.webhookUrl): Promise<readonly [number, string]> => {
      const { status, text } = await postTo(url, body);
      return [status, text];
    };
    assert.deepEqual(await answer("{"), [400, "invalid_payload"]);
    assert.deepEqual(await answer([]), [400, "invalid_payload"]);
    assert.deepEqual(await answer({ text: "" }), [400, "no_text"]);
    assert.deepEqual(await answer({ blocks: [{ type: "card" }] }), [400, "invalid_blocks"]);
    assert.deepEqual(await answer({ text: "a" }, `${slack.webhookUrl}X`), [404, "no_service"]);
    slack.setChannel({ id: "C1", name: "drift", archived: true });
    assert.deepEqual(await answer({ text: "a" }), [410, "channel_is_archived"]);
    slack.inject("webhook", { kind: "error", error: "invalid_token" });
    assert.deepEqual(await answer({ text: "a" }), [400, "invalid_token"]);
    assert.equal(slack.calls.at(-1)?.error, "invalid_token");
  });
});

describe("injected faults", () => {
  const hello = { channel: "C1", text: "a" };

  it("answer an error, a status, a limit, for as many calls as told", async () => {
    await using slack = await slackServer();
    slack.inject("chat.postMessage", { kind: "error", error: "internal_error" }, 2);
    slack.inject("chat.postMessage", { kind: "status", status: 503, body: "upstream" });
    slack.inject("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 7 });
    const post = () => api(slack, "chat.postMessage", hello);
    assert.equal((await post()).body["error"], "internal_error");
    assert.equal((await post()).body["error"], "internal_error");
    const { status, body } = await post();
    assert.deepEqual([status, body["text"]], [503, "upstream"]);
    const limited = await post();
    assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "7"]);
    assert.equal(slack.messages.length, 0);
    assert.equal((await post()).body["ok"], true);
    assert.deepEqual(
      slack.calls.map(({ status, error }) => [status, error]),
      [
        [200, "internal_error"],
        [200, "internal_error"],
        [503, "upstream"],
        [429, "ratelimited"],
        [200, undefined],
      ],
    );
  });

  it("hang, break connections, lose answers of done work, answer late", async () => {
    await using slack = await slackServer();
    slack.inject("chat.postMessage", { kind: "close" });
    await assert.rejects(api(slack, "chat.postMessage", hello), /fetch failed/u);
    assert.equal(slack.messages.length, 0);
    slack.inject("chat.postMessage", { kind: "lostAnswer" });
    await assert.rejects(api(slack, "chat.postMessage", hello), /fetch failed/u);
    assert.equal(slack.messages.length, 1);
    slack.inject("auth.test", { kind: "hang" });
    const hung = fetch(`${slack.apiUrl}auth.test`, { signal: AbortSignal.timeout(100) });
    await assert.rejects(hung, { name: "TimeoutError" });
    slack.inject("chat.postMessage", { kind: "slow", ms: 120 });
    const began = performance.now();
    assert.equal((await api(slack, "chat.postMessage", hello)).body["ok"], true);
    assert.ok(performance.now() - began >= 100);
    assert.deepEqual(
      slack.calls.map(({ status }) => status),
      [undefined, undefined, undefined, 200],
    );
  });

  it("are forgotten on demand", async () => {
    await using slack = await slackServer();
    slack.inject("auth.test", { kind: "error", error: "fatal_error" }, 9);
    slack.clearFaults();
    assert.equal((await api(slack, "auth.test")).body["ok"], true);
  });
});

it("records calls without tokens", async () => {
  await using slack = await slackServer();
  const before = Date.now();
  await api(slack, "chat.postMessage", { token: botToken, channel: "C1", text: "a" });
  const [call] = slack.calls;
  assert.deepEqual(
    [call?.method, call?.httpMethod, call?.body, call?.status],
    ["chat.postMessage", "POST", { channel: "C1", text: "a" }, 200],
  );
  assert.equal(call?.headers["content-type"], "application/json; charset=utf-8");
  assert.ok((call?.time ?? 0) >= before);
  assert.equal(JSON.stringify(slack.calls).includes(botToken), false);
});
