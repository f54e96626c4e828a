import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { connect } from "node:tls";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Log, Meter } from "../operator/ports.ts";
import type { AdmissionFact } from "../operator/values.ts";
import { createServingCertificate, type ServingCertificate } from "./certificate/create-certificate.ts";
import { admissionPathOf, build, rotateCertificate, type WebhookDeps, type WebhookServer } from "./server.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const counted: string[] = [];
const meter: Meter = {
  count: (name, labels = {}) => void counted.push(`${name} ${JSON.stringify(labels)}`),
  gauge: () => {},
  observe: () => {},
};

let certificate: ServingCertificate;
before(async () => {
  certificate = await createServingCertificate(["one.svc", "127.0.0.1"], Date.now());
});

interface Setup {
  readonly app: WebhookServer;
  readonly facts: AdmissionFact[];
  readonly seen: string[];
  readonly handshakes: string[];
  readonly post: (body: unknown, type?: string) => Promise<{ readonly status: number; readonly body: string }>;
}

function setup(over: Partial<WebhookDeps> = {}): Setup {
  const facts: AdmissionFact[] = [];
  const seen: string[] = [];
  const handshakes: string[] = [];
  const app = build({
    facts: { add: (fact) => void facts.push(fact) },
    probe: { saw: (nonce) => void seen.push(nonce), handshakeFailed: (reason) => void handshakes.push(reason) },
    log: silent,
    meter,
    https: { cert: certificate.cert, key: certificate.key },
    now: () => 1234,
    ...over,
  });
  return {
    app,
    facts,
    seen,
    handshakes,
    async post(body, type = "application/json") {
      const payload = typeof body === "string" ? body : JSON.stringify(body);
      const url = admissionPathOf(over.pathKey?.());
      const answer = await app.inject({ method: "POST", url, headers: { "content-type": type }, payload });
      return { status: answer.statusCode, body: answer.body };
    },
  };
}

const configMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "app", namespace: "shop", uid: "u1", resourceVersion: "5" },
  data: { a: "1" },
};

function review(request: object = {}): Record<string, unknown> {
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "r1",
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      name: "app",
      namespace: "shop",
      operation: "UPDATE",
      userInfo: { username: "alice", groups: ["developers"] },
      object: configMap,
      oldObject: { ...configMap, data: { a: "0" } },
      dryRun: false,
      ...request,
    },
  };
}

describe("admission", () => {
  it("allows, echoes the uid, warns of nothing, and makes a fact", async () => {
    const { post, facts } = setup();
    const { status, body } = await post(review());
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "r1", allowed: true },
    });
    assert.equal(facts.length, 1);
    const [fact] = facts;
    assert.equal(fact?.object?.["data"] && JSON.stringify(fact.object["data"]), '{"a":"1"}');
    assert.deepEqual(
      { ...fact, object: undefined, oldObject: undefined },
      {
        uid: "u1",
        identity: { group: "", kind: "ConfigMap", namespace: "shop", name: "app" },
        reviewedKind: "ConfigMap",
        operation: "UPDATE",
        oldResourceVersion: "5",
        object: undefined,
        oldObject: undefined,
        user: "alice",
        groups: ["developers"],
        at: 1234,
        size: JSON.stringify(review()).length,
      },
    );
  });
  it("has made the fact when it answers", async () => {
    const { app, facts } = setup();
    let factsAtAnswer = -1;
    app.addHook("onSend", async () => {
      factsAtAnswer = facts.length;
    });
    await app.inject({
      method: "POST",
      url: "/admission",
      headers: { "content-type": "application/json" },
      payload: JSON.stringify(review()),
    });
    assert.equal(factsAtAnswer, 1);
  });
  it("reads a create as starting from nothing", async () => {
    const { post, facts } = setup();
    await post(review({ operation: "CREATE", oldObject: null }));
    assert.equal(facts[0]?.operation, "CREATE");
    assert.equal(facts[0]?.oldResourceVersion, undefined);
  });
  it("takes what a collection's DELETE is about from the old object", async () => {
    const { post, facts } = setup();
    await post(review({ operation: "DELETE", name: undefined, object: null }));
    assert.equal(facts[0]?.identity.name, "app");
    assert.equal(facts[0]?.uid, "u1");
    assert.equal(facts[0]?.object, undefined);
    assert.equal(facts[0]?.oldResourceVersion, "5");
  });
  it("reads scale as kind Scale of the parent's uid", async () => {
    const { post, facts } = setup();
    const scale = { ...configMap, apiVersion: "autoscaling/v1", kind: "Scale" };
    await post(review({ subResource: "scale", object: scale, oldObject: scale }));
    assert.equal(facts[0]?.reviewedKind, "Scale");
    assert.equal(facts[0]?.uid, "u1");
  });
  it("keeps numbers that a double cannot carry, and keys such as __proto__", async () => {
    const { post, facts } = setup();
    const text = JSON.stringify(review()).replace('"a":"1"', '"a":9007199254740993,"__proto__":{"polluted":1}');
    await post(text);
    const data = facts[0]?.object?.["data"] as Record<string, { verbatim: string }>;
    assert.equal(data["a"]?.verbatim, "9007199254740993");
    assert.ok(Object.hasOwn(data, "__proto__"));
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
  it("makes no fact of a dry run, but tells the probe what it saw", async () => {
    const { post, facts, seen } = setup();
    const object = { ...configMap, metadata: { ...configMap.metadata, labels: { "clickscribe.dev/probe": "n1" } } };
    const { status } = await post(review({ operation: "CREATE", dryRun: true, object, oldObject: null }));
    assert.equal(status, 200);
    assert.deepEqual(seen, ["n1"]);
    assert.equal(facts.length, 0);
  });
  for (const [name, request] of Object.entries({
    "a status": { subResource: "status" },
    "another subresource": { subResource: "ephemeralcontainers" },
    "a connect": { operation: "CONNECT" },
    "an operation that is no text": { operation: ["UPDATE"] },
    "no object": { object: null },
    "an object that is a list": { object: [configMap] },
    "an object without metadata": { object: { apiVersion: "v1", kind: "ConfigMap" }, oldObject: null },
    "an object without uid": { object: { ...configMap, metadata: { name: "app" } }, oldObject: null },
    "no user": { userInfo: null },
    "a user without a name": { userInfo: { username: "" } },
    "a name that is no text": { userInfo: { username: { toString: "alice" } } },
  })) {
    it(`allows ${name} without a fact`, async () => {
      const { post, facts } = setup();
      const { status, body } = await post(review(request));
      assert.equal(status, 200);
      assert.equal(JSON.parse(body).response.allowed, true);
      assert.equal(facts.length, 0);
    });
  }
  it("counts operations of the closed list only", async () => {
    const { post } = setup();
    counted.length = 0;
    await post(review());
    await post(review({ operation: 'UPDATE"} 1\nevil{x="' }));
    assert.deepEqual(counted, [
      'clickscribe_admission_reviews_total {"operation":"UPDATE"}',
      'clickscribe_admission_reviews_total {"operation":"other"}',
    ]);
  });
  it("echoes a hostile uid as the same text", async () => {
    const uid = '","allowed":false,"x":"\u2028</script>';
    const { body } = await setup().post(review({ uid }));
    assert.deepEqual(JSON.parse(body).response, { uid, allowed: true });
  });
});

describe("hostile requests", () => {
  for (const [name, body] of Object.entries({
    nothing: "",
    "half a review": JSON.stringify(review()).slice(0, 100),
    "no object": "[]",
    null: "null",
    "no request": '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
    "no uid": JSON.stringify(review({ uid: undefined })),
    "another kind": '{"kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{"uid":"x"}}',
    "another version": '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"x"}}',
    "a nesting bomb": "[".repeat(1_000_000),
    "a closed nesting bomb": `${"[".repeat(200_000)}${"]".repeat(200_000)}`,
  })) {
    it(`answers 400 to ${name}`, async () => {
      const { post, facts } = setup();
      const { status } = await post(body);
      assert.equal(status, 400);
      assert.equal(facts.length, 0);
    });
  }
  it("refuses what is longer than its limit with 413, and takes what is as long", async () => {
    const text = JSON.stringify(review());
    const { post, facts } = setup({ bodyLimit: text.length });
    assert.equal((await post(text)).status, 200);
    assert.equal((await post(`${text} `)).status, 413);
    assert.equal((await post(text.repeat(2))).status, 413);
    assert.equal(facts.length, 1);
  });
  it("refuses 4 MiB by default, and takes 3", async () => {
    const big = (mebibytes: number): object =>
      review({ object: { ...configMap, data: { a: "x".repeat(mebibytes << 20) } } });
    const { post } = setup();
    assert.equal((await post(big(3))).status, 200);
    assert.equal((await post(big(4))).status, 413);
  });
  it("unpacks nothing", async () => {
    const { app, facts } = setup();
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const payload = gzipSync(JSON.stringify(review()));
    const answer = await app.inject({ method: "POST", url: "/admission", headers, payload });
    assert.equal(answer.statusCode, 400);
    assert.equal(facts.length, 0);
  });
  it("takes JSON only, and POST only", async () => {
    const { app, post } = setup();
    assert.equal((await post(review(), "text/plain")).status, 415);
    assert.equal((await post(review(), "application/x-www-form-urlencoded")).status, 415);
    assert.equal((await app.inject({ method: "GET", url: "/admission" })).statusCode, 404);
    assert.equal((await app.inject({ method: "POST", url: "/" })).statusCode, 404);
  });
  it("with a key in its path, answers only who knows it", async () => {
    const { app, post, facts } = setup({ pathKey: () => "k3y" });
    const headers = { "content-type": "application/json" };
    const payload = JSON.stringify(review());
    for (const url of ["/admission", "/admission/", "/admission/k3x", "/admission/k3y2", "/admission/%6b3y/x"]) {
      assert.equal((await app.inject({ method: "POST", url, headers, payload })).statusCode, 404, url);
    }
    assert.equal(facts.length, 0);
    assert.equal((await post(review())).status, 200);
    assert.equal(facts.length, 1);
  });
  it("never answers 500, nor shows what it was sent", async () => {
    const { post } = setup();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.object().map((request) => JSON.stringify(review(request))),
        ),
        async (body) => {
          const answer = await post(body);
          assert.ok(answer.status === 200 || answer.status === 400, String(answer.status));
        },
      ),
      { numRuns: 300 },
    );
    const answer = await post('{"canary-7f3a":');
    assert.doesNotMatch(answer.body, /canary/);
  });
});

describe("certificate", () => {
  const handshake = (port: number, servername: string, ca: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1", servername, ca }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.end();
      });
      socket.on("error", (error) => resolve((error as Error & { code?: string }).code ?? "error"));
    });
  let running: Setup;
  let port = 0;
  before(async () => {
    running = setup();
    await running.app.listen({ port: 0, host: "127.0.0.1" });
    const address = running.app.server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  after(() => running.app.close());

  it("is trusted by its authority for its names and for a year, and by nobody else", async () => {
    assert.match(await handshake(port, "one.svc", certificate.ca), /^[0-9A-F]+$/);
    assert.equal(await handshake(port, "two.svc", certificate.ca), "ERR_TLS_CERT_ALTNAME_INVALID");
    const other = await createServingCertificate(["one.svc"], Date.now());
    assert.notEqual(other.ca, certificate.ca);
    assert.match(await handshake(port, "one.svc", other.ca), /UNABLE_TO|CERT|SELF_SIGNED|SIGNATURE/);
    assert.equal(new X509Certificate(certificate.cert).subjectAltName, "DNS:one.svc, IP Address:127.0.0.1");
    assert.ok(Math.abs(certificate.notAfter - Date.now() - 365 * 86_400_000) < 60_000);
  });
  it("is changed without a restart", async () => {
    const next = await createServingCertificate(["one.svc"], Date.now());
    const before = await handshake(port, "one.svc", certificate.ca);
    rotateCertificate(running.app, next);
    const now = await handshake(port, "one.svc", next.ca);
    assert.match(now, /^[0-9A-F]+$/);
    assert.notEqual(now, before);
  });
});
