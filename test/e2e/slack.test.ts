/** Drift told in Slack: real edits on a real API server, and a server that speaks Slack's API as documented. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { listOf } from "../harness/chart.ts";
import { lendSecret, operatorNamespace } from "../harness/install.ts";
import { secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { blockKitProblems } from "../slack/block-kit.ts";
import type { Tamper } from "../slack/press.ts";
import { type SlackServer, startSlackServer } from "../slack/slack-server.ts";
import type { KeptMessage } from "../slack/values.ts";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const token = "xoxb-1-bot";
const channel = { id: "C0DRIFT", name: "drift" };
const text = (name: string): string =>
  `kind: ConfigMap\napiVersion: v1\nmetadata: {name: ${name}}\ndata:\n    size: small # enough\n`;
const problemsOf = ({ text: said, blocks }: KeptMessage): readonly string[] => blockKitProblems({ text: said, blocks });
const api = "/apis/clickscribe.dev/v1alpha1/namespaces";

describe("drift in Slack", { timeout: 300_000 }, () => {
  const stack = new AsyncDisposableStack();
  let world: World;
  let slack: SlackServer;
  let count = 0;
  before(async () => {
    world = await startWorld();
    stack.defer(() => world.stop());
    slack = await startSlackServer({
      botTokens: [{ token }],
      channels: [channel, { id: "C0OTHER", name: "other", member: false }],
      appTokens: ["xapp-1-app"],
      users: [
        { id: "U0ALICE", name: "alice" },
        { id: "U0BOB", name: "bob" },
        { id: "U0EVE", name: "eve" },
      ],
    });
    stack.defer(() => slack.close());
  });
  after(() => stack.disposeAsync());

  interface Told {
    readonly place: Place;
    /** Messages about this place, oldest first; replies in threads are none. */
    readonly messages: () => readonly KeptMessage[];
    readonly replies: () => readonly KeptMessage[];
    readonly ready: () => Promise<Raw>;
    readonly untilReady: (reason: string) => Promise<Raw>;
  }

  /** ConfigMaps `app-0`, ... of a namespace of its own, in the cluster as in Git, and a Notifier. */
  async function told(n = 1, spec: object = {}, secret: Readonly<Record<string, string>> = { token }): Promise<Told> {
    const name = `slack-${++count}`;
    const names = Array.from({ length: n }, (_, i) => `app-${i}`);
    const files = Object.fromEntries(names.map((each) => [`apps/${each}.yaml`, text(each)]));
    const repository = await world.git.createRepository(name, { files });
    const objects = names.map((each) => configMap(each, { size: "small" }));
    const resources = { include: [{ groups: [""], kinds: ["ConfigMap"] }] };
    const capture = { delivery: { mode: "Detect" }, drift: { after: "1s" }, resources };
    const place = await world.place(name, { existing: repository, objects, spec: capture });
    await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(secretObject("slack", name, secret)) });
    await lendSecret(world.plane, name, "slack");
    await place.send("admin", "POST", `${api}/${name}/notifiers`, {
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "Notifier",
      metadata: { name: "team" },
      spec: { type: "Slack", channel: channel.id, secretRef: { name: "slack" }, apiUrl: slack.apiUrl, ...spec },
    });
    const mine = (): readonly KeptMessage[] =>
      slack.messages.filter((message) => JSON.stringify(message).includes(`${name}/`));
    const ready = async (): Promise<Raw> => {
      const { status } = await place.send("admin", "GET", `${api}/${name}/notifiers/team`);
      return status?.conditions?.[0] ?? {};
    };
    return {
      place,
      messages: () => mine().filter(({ threadTs }) => threadTs === undefined),
      replies: () => mine().filter(({ threadTs }) => threadTs !== undefined),
      ready,
      untilReady: (reason) =>
        waitFor(
          `the Notifier to be ${reason}`,
          async () => {
            const found = await ready();
            return found.reason === reason ? found : undefined;
          },
          { seen: ready },
        ),
    };
  }
  async function lend(namespace: string, name: string, rules: readonly object[], subject: object): Promise<void> {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const metadata = { name, namespace };
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
    const items = [
      { apiVersion, kind: "Role", metadata, rules },
      { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects: [subject] },
    ];
    await world.plane.kubectl(["apply", "-f", "-"], { input: listOf(items) });
  }
  const patch = (place: Place, user: string, size: string, name = "app-0"): Promise<Raw> =>
    place.send(user, "PATCH", pathOf(place.namespace, "ConfigMap", name), { data: { size } });
  const said = (message: KeptMessage | undefined): string => JSON.stringify(message?.blocks ?? []);

  it("says what, where, who, since when and how; follows a change; and says in the thread when it is over", async () => {
    const links = {
      object: "https://headlamp.example.com/c/{cluster}/{resource}/{namespace}/{name}",
      file: "https://git.example.com/shop/src/branch/{branch}/{path}",
    };
    const { place, messages, replies, untilReady } = await told(1, { links });
    await untilReady("Succeeded");
    await patch(place, "alice", "huge");
    const first = await waitFor("the alert", () => messages()[0]);
    assert.equal(first.channel, channel.id);
    assert.deepEqual(problemsOf(first), []);
    const { namespace } = place;
    for (const words of [
      `ConfigMap ${namespace}/app-0`,
      "alice",
      "key size: small -&gt; huge",
      "*Since*",
      place.repository.url.replaceAll(":", ":\u200b"),
    ])
      assert.ok(said(first).includes(words), `${words}: ${said(first)}`);
    assert.ok(
      said(first).includes(`<https://headlamp.example.com/c/e2e/configmaps/${namespace}/app-0|Open the object>`),
    );
    assert.ok(said(first).includes("<https://git.example.com/shop/src/branch/main/apps/app-0.yaml|Open the file>"));

    await patch(place, "bob", "enormous");
    await waitFor("its change", () => (said(messages()[0]).includes("bob") ? true : undefined));
    assert.ok(said(messages()[0]).includes("small -&gt; enormous"));
    await patch(place, "bob", "small");
    const reply = await waitFor("its end", () => replies()[0]);
    assert.equal(reply.threadTs, first.ts);
    assert.match(messages()[0]?.text ?? "", /agree again$/);
    assert.equal(messages().length, 1);
    await waitFor("the record to have forgotten it", async () => {
      const book = (await place.repository.show(place.recordRef, "meta/drift.json")) ?? "";
      return /"(?:episodes|closed)": \[$/m.test(book) ? undefined : true;
    });
  });

  it("makes at most five messages of a storm of 500 objects, and closes them", { timeout: 200_000 }, async () => {
    const { place, messages } = await told(1);
    const names = Array.from({ length: 500 }, (_, i) => `burst-${i}`);
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => place.create("alice", configMap(name, { a: "1" }))));
    await waitFor(
      "500 to have drifted",
      async () => ((await place.capture()).status.drift.count === 500 ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    await waitFor(
      "the alert of all",
      () => (messages().some((each) => /\b(?:[1-5]\d\d) objects/.test(each.text)) ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    assert.ok(messages().length <= 5, `${messages().length} messages`);
    for (const message of messages()) assert.deepEqual(problemsOf(message), []);
    await place.send("admin", "DELETE", pathOf(place.namespace, "ConfigMap"), undefined);
    await place.create("alice", configMap("app-0", { size: "small" }));
    await waitFor(
      "all to be over",
      () => (messages().every((each) => /agree again$/.test(each.text)) ? true : undefined),
      {
        timeoutMs: 90_000,
        seen: () => messages().map((each) => each.text),
      },
    );
    assert.ok(messages().length <= 5, `${messages().length} messages`);
  });

  it("is not told twice when the operator is killed in the middle of an episode", async () => {
    const { place, messages, replies } = await told(1);
    await patch(place, "alice", "huge");
    await waitFor("the alert", () => messages()[0]);
    await waitFor("it to be noted", async () =>
      ((await place.repository.show(place.recordRef, "meta/drift.json")) ?? "").includes(messages()[0]?.ts ?? "?")
        ? true
        : undefined,
    );
    await world.startOperator();
    await patch(place, "alice", "small");
    await waitFor("its end", () => replies()[0]);
    assert.equal(messages().length, 1);
  });

  it("waits as long as Slack asks, and says what to do about a wrong token and a channel without the bot", async () => {
    const limited = await told(1);
    await limited.untilReady("Succeeded");
    slack.inject("chat.postMessage", { kind: "ratelimited", retryAfterSeconds: 3 });
    const began = Date.now();
    await patch(limited.place, "alice", "huge");
    await limited.untilReady("AlertUnreachable");
    await waitFor("the alert", () => limited.messages()[0]);
    assert.ok(Date.now() - began >= 3_000);

    const wrong = await told(1, {}, { token: "xoxb-wrong" });
    assert.match((await wrong.untilReady("AlertRefused")).message, /invalid_auth.*put a valid bot token/);
    const outside = await told(1, { channel: "C0OTHER" });
    await outside.untilReady("Succeeded");
    await patch(outside.place, "alice", "huge");
    assert.match((await outside.untilReady("AlertRefused")).message, /not_in_channel.*\/invite/);
    assert.equal((await outside.place.ready()).status, "True");
    slack.setChannel({ id: "C0OTHER", name: "other", member: true });
    await outside.place.send("admin", "PATCH", `${api}/${outside.place.namespace}/notifiers/team`, {
      metadata: { annotations: { "clickscribe.dev/reconcile-requested-at": "now" } },
    });
    await waitFor("the alert", () => outside.messages()[0]);
    await outside.untilReady("Succeeded");
  });

  it("lets no name, user or value mean anything, and shows no secret", async () => {
    const { place, messages } = await told(1);
    const hostile = "<!channel> <//evil|Go> *x* `y` &";
    await place.send("alice", "PATCH", pathOf(place.namespace, "ConfigMap", "app-0"), {
      data: { size: hostile, password: "hunter2-canary" },
    });
    const message = await waitFor("the alert", () => messages()[0]);
    assert.deepEqual(problemsOf(message), []);
    assert.doesNotMatch(said(message), /<!(?!date)|<\/\/evil|hunter2/);
    assert.ok(said(message).includes("&lt;!channel&gt;"));
  });

  it("has buttons that come back by Socket Mode: Keep commits, Undo brings back, for whom the API server lets, once", async () => {
    const buttons = {
      people: [
        { slack: "U0ALICE", user: "alice-of-shop", groups: ["shop-admins"] },
        { slack: "U0BOB", user: "bob" },
      ],
    };
    const { place, messages, untilReady } = await told(1, { buttons }, { token, appToken: "xapp-1-app" });
    await untilReady("Succeeded");
    await waitFor("Socket Mode", () => (slack.connections > 0 ? true : undefined));
    const { namespace } = place;
    const update = { apiGroups: [""], resources: ["configmaps"], verbs: ["update"] };
    const keep = { apiGroups: ["clickscribe.dev"], resources: ["captures"], verbs: ["patch"] };
    const operator = { kind: "ServiceAccount", name: "clickscribe", namespace: operatorNamespace };
    const admins = { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "shop-admins" };
    await lend(namespace, "undo", [update], operator);
    await lend(namespace, "decide", [update, keep], admins);

    await patch(place, "bob", "huge");
    const first = await waitFor("the alert", () => messages()[0]);
    assert.ok(said(first).includes("clickscribe-undo"), said(first));
    await slack.press("U0EVE", first, "clickscribe-keep");
    await slack.press("U0BOB", first, "clickscribe-keep");
    const refusals = await waitFor("both refusals", () =>
      slack.repliesTo(first).length === 2 ? slack.repliesTo(first) : undefined,
    );
    assert.match(refusals[0]?.text ?? "", /U0EVE is none of/);
    assert.match(refusals[1]?.text ?? "", /bob may not patch captures/);
    assert.deepEqual(await place.commits(), []);

    await slack.press("U0ALICE", first, "clickscribe-undo", { copies: 2 });
    await waitFor("the change to be undone", async () => {
      const { data } = await place.send("admin", "GET", pathOf(namespace, "ConfigMap", "app-0"));
      return data.size === "small" ? true : undefined;
    });
    await waitFor("its end", () => (/agree again$/.test(messages()[0]?.text ?? "") ? true : undefined));
    assert.deepEqual(await place.commits(), []);

    await patch(place, "bob", "large");
    const second = await waitFor("the second alert", () => messages()[1]);
    slack.dropConnections();
    await waitFor("it to be lost", () => (slack.connections === 0 ? true : undefined));
    await waitFor("Socket Mode again", () => (slack.connections > 0 ? true : undefined));
    await slack.press("U0ALICE", second, "clickscribe-keep");
    const [commit] = await place.waitForCommits(1);
    assert.equal(commit?.author.name, "bob");
    assert.match(
      await place.repository.git("log", "-1", "--format=%B", "refs/heads/main"),
      /^Kept-By: alice-of-shop$/m,
    );
    await waitFor("every press in the record", async () => {
      const { presses = [] } = JSON.parse((await place.repository.show(place.recordRef, "meta/drift.json")) ?? "{}");
      return presses.length === 4 ? true : undefined;
    });
  });

  it("takes presses over HTTP that Slack signed just now, and no other", async () => {
    const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5";
    const buttons = { people: [{ slack: "U0ALICE", user: "alice-of-shop", groups: ["shop-admins"] }] };
    const { place, messages } = await told(1, { buttons }, { token, signingSecret });
    const { namespace } = place;
    const keep = { apiGroups: ["clickscribe.dev"], resources: ["captures"], verbs: ["patch"] };
    await lend(namespace, "decide", [keep], {
      kind: "Group",
      apiGroup: "rbac.authorization.k8s.io",
      name: "shop-admins",
    });
    await patch(place, "bob", "huge");
    const message = await waitFor("the alert", () => messages()[0]);
    const url = world.operator.url(`/slack/${namespace}/team`);
    const press = (tamper?: Tamper, to = url, secret = signingSecret) =>
      slack.pressOverHttp(to, secret, "U0ALICE", message, "clickscribe-keep", tamper);
    assert.equal((await press({}, url, "another secret")).status, 401);
    assert.equal((await press({ timestamp: Math.floor(Date.now() / 1_000) - 301 })).status, 401);
    assert.equal((await press({ body: (text) => text.replace("keep", "undo") })).status, 401);
    assert.equal((await press({ signature: (text) => `${text}0` })).status, 401);
    assert.equal((await press({}, world.operator.url(`/slack/${namespace}/other`))).status, 401);
    assert.deepEqual(await place.commits(), []);
    const [once, twice] = [await press(), await press()];
    assert.deepEqual([once.status, twice.status], [200, 200]);
    const commits = await place.waitForCommits(1);
    assert.equal(commits[0]?.author.name, "bob");
    await waitFor("its end", () => (/agree again$/.test(messages()[0]?.text ?? "") ? true : undefined));
    assert.equal((await place.commits()).length, 1);
  });

  it("is told by an incoming webhook too, which cannot be brought up to date", async () => {
    const { place, messages } = await told(1, { channel: undefined }, { address: slack.webhookUrl });
    await patch(place, "alice", "huge");
    const message = await waitFor("the alert", () => messages()[0]);
    assert.deepEqual(problemsOf(message), []);
    await patch(place, "alice", "small");
    const end = await waitFor("its end", () => messages()[1]);
    assert.match(end.text, /agree again\.$/);
  });

  it("is told as CloudEvents that the key of the Secret signs", async () => {
    const events: { readonly event: Raw; readonly type: string; readonly isSigned: boolean }[] = [];
    const key = "hook-key";
    const receive = ({ headers }: IncomingMessage, body: string): void => {
      const wanted = `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
      const isSigned = headers["x-signature"] === wanted;
      events.push({ event: JSON.parse(body), type: headers["content-type"] ?? "", isSigned });
    };
    const receiver = createServer((request, response) => {
      void readBody(request)
        .then((body) => receive(request, body))
        .finally(() => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => void receiver.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = receiver.address() as AddressInfo;
      const secret = { address: `http://127.0.0.1:${port}/hook`, token: key };
      const { place } = await told(1, { type: "Webhook", channel: undefined, apiUrl: undefined }, secret);
      await patch(place, "alice", "huge");
      await waitFor("the event", () => events[0]);
      await patch(place, "alice", "small");
      await waitFor("its end", () => events[1]);
      assert.deepEqual(
        events.map(({ event, type, isSigned }) => [event.specversion, event.type, type.split(";")[0], isSigned]),
        [
          ["1.0", "dev.clickscribe.drift.opened", "application/cloudevents+json", true],
          ["1.0", "dev.clickscribe.drift.resolved", "application/cloudevents+json", true],
        ],
      );
      const [first, last] = events.map(({ event }) => event);
      assert.deepEqual([first.subject, first.data.items[0].by], [last.subject, "alice"]);
    } finally {
      receiver.close();
    }
  });
});

async function readBody(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
