import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { Agent, request } from "undici";
import type { Log } from "../../operator/ports.ts";
import { createServingCertificate, type ServingCertificate } from "../certificate/create-certificate.ts";
import { admissionPathOf, build, type WebhookServer } from "../server.ts";
import { createRelay, type Relay } from "./relay.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const path = admissionPathOf("key");
const review = JSON.stringify({
  kind: "AdmissionReview",
  apiVersion: "admission.k8s.io/v1",
  request: {
    uid: "r1",
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    resource: { group: "", version: "v1", resource: "configmaps" },
    name: "app",
    namespace: "shop",
    operation: "CREATE",
    userInfo: { username: "alice" },
    object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app", namespace: "shop", uid: "u1" } },
    oldObject: null,
    dryRun: false,
  },
});

interface Replica {
  readonly facts: string[];
  readonly counted: string[];
  readonly server: WebhookServer;
  readonly relay: Relay;
  readonly address: string;
  writer: string | undefined;
}

describe("a review at a replica that stands by", () => {
  let certificate: ServingCertificate;
  let another: ServingCertificate;
  const replicas: Replica[] = [];
  before(async () => {
    certificate = await createServingCertificate(["webhook.svc"], Date.now());
    another = await createServingCertificate(["webhook.svc"], Date.now());
  });
  after(async () => {
    for (const { server, relay } of replicas) {
      await relay.close();
      await server.close();
    }
  });

  async function start(serving = certificate): Promise<Replica> {
    const facts: string[] = [];
    const counted: string[] = [];
    const meter = {
      count: (name: string, labels = {}) => void counted.push(`${name} ${JSON.stringify(labels)}`),
      gauge: () => {},
      observe: () => {},
    };
    const relay = createRelay({
      writer: () => replica.writer,
      trust: () => ({ ca: certificate.ca, serverName: "webhook.svc" }),
      path: () => path,
      log: silent,
      meter,
    });
    const server = build({
      facts: { add: ({ user }) => void facts.push(user) },
      probe: { saw: () => {}, handshakeFailed: () => {} },
      log: silent,
      meter,
      https: serving,
      pathKey: () => "key",
      relay,
    });
    await server.listen({ host: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    const replica: Replica = { facts, counted, server, relay, address, writer: undefined };
    replicas.push(replica);
    return replica;
  }

  async function post(replica: Replica): Promise<number> {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const headers = { "content-type": "application/json" };
    const url = `https://${replica.address}${path}`;
    const { statusCode, body } = await request(url, { method: "POST", headers, body: review, dispatcher });
    await body.dump();
    await dispatcher.close();
    return statusCode;
  }
  const relayed = (replica: Replica): readonly string[] => replica.counted.filter((name) => name.includes("relayed"));

  it("has reached the one that writes when it is answered", async () => {
    const [writer, standby] = [await start(), await start()];
    standby.writer = writer.address;
    assert.equal(await post(standby), 200);
    assert.deepEqual([writer.facts, standby.facts], [["alice"], ["alice"]]);
    assert.deepEqual(relayed(standby), ['clickscribe_relayed_reviews_total {"outcome":"Passed"}']);
  });

  it("goes no further than once, whoever two replicas take for the one that writes", async () => {
    const [a, b] = [await start(), await start()];
    a.writer = b.address;
    b.writer = a.address;
    assert.equal(await post(a), 200);
    assert.deepEqual([a.facts, b.facts], [["alice"], ["alice"]]);
  });

  it("is answered though the one that writes is gone, or is another's server", async () => {
    const [impostor, standby] = [await start(another), await start()];
    for (const address of [impostor.address, "127.0.0.1:1"]) {
      standby.writer = address;
      assert.equal(await post(standby), 200);
    }
    assert.deepEqual(impostor.facts, []);
    assert.equal(relayed(standby).filter((name) => name.includes("Failed")).length, 2);
  });

  it("goes to nobody by an address that is more than one, and the path stays unsaid", async () => {
    const standby = await start();
    const said: string[] = [];
    const plain = createServer((socket) => socket.on("data", (data) => void said.push(data.toString("latin1"))));
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const { port } = plain.address() as AddressInfo;
    const at = `127.0.0.1:${port}`;
    for (const address of [at, `user:pass@${at}`, `${at}/x?y#z`, `${at}\r\nx: y`, "::", "[", "", `x@${at}#@y`]) {
      standby.writer = address;
      assert.equal(await post(standby), 200, address);
    }
    plain.close();
    assert.ok(!said.join("").includes(path));
    assert.ok(!said.join("").includes("alice"));
  });

  it("stays where it is when this one writes", async () => {
    const writer = await start();
    assert.equal(await post(writer), 200);
    assert.deepEqual(relayed(writer), []);
  });
});
