import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, before, describe, it } from "node:test";
import { createServerCertificate, type ServerCertificate } from "../../test/git/certificate.ts";
import { Failure } from "../failures.ts";
import { createRepositories } from "../git/index.ts";
import type { RemoteAccess } from "../ports.ts";
import { createConnections } from "./connections.ts";

const lax = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

let own: ServerCertificate;
let ofClient: ServerCertificate;
let ofAnother: ServerCertificate;
before(async () => {
  [own, ofClient, ofAnother] = await Promise.all([
    createServerCertificate(),
    createServerCertificate(),
    createServerCertificate(),
  ]);
});

interface Served {
  readonly url: string;
  readonly connections: () => number;
}

/** Answers 404 to those it lets in. */
async function serve(options: ServerOptions = {}): Promise<Served> {
  const server = createServer({ key: own.key, cert: own.certificate, ...options }, (_request, response) => {
    response.writeHead(404).end();
  });
  let connections = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/a.git`, connections: () => connections };
}

function demanding(): ServerOptions {
  return { requestCert: true, rejectUnauthorized: true, ca: [ofClient.ca] };
}

async function fetchFrom(url: string, access: Partial<RemoteAccess>): Promise<Failure> {
  const repositories = createRepositories({ policy: lax, version: "test" });
  cleanups.push(async () => await repositories.close());
  const all = { url, credentials: { type: "None" }, ca: own.ca, timeoutMs: 2_000, ...access } as const;
  const error: unknown = await repositories
    .open(all)
    .fetch([])
    .then(
      () => assert.fail("it must fail"),
      (thrown: unknown) => thrown,
    );
  assert.ok(error instanceof Failure, String(error));
  assert.doesNotMatch(error.message, /BEGIN/);
  return error;
}

function pair({ certificate, key }: Pick<ServerCertificate, "certificate" | "key">): RemoteAccess["clientCertificate"] {
  return { certificate, key };
}

describe("a client certificate", () => {
  it("is shown to a server that wants one, of every version of TLS", async () => {
    for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
      const server = await serve({ ...demanding(), maxVersion });
      const error = await fetchFrom(server.url, { clientCertificate: pair(ofClient) });
      assert.equal(error.code, "RepositoryNotFound", error.message);
    }
  });

  it("that is missing is asked for", async () => {
    for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
      const server = await serve({ ...demanding(), maxVersion });
      const error = await fetchFrom(server.url, {});
      assert.deepEqual([error.class, error.code], ["Stalled", "AuthenticationFailed"], error.message);
      assert.match(error.message, /wants a client certificate: put it into the Secret as tls\.crt/);
    }
  });

  it("that fits no key, or is none, is a fault of the Secret", async () => {
    const rsa = generateKeyPairSync("rsa", {
      modulusLength: 2_048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
    });
    const cases: readonly (readonly [Parameters<typeof pair>[0], RegExp])[] = [
      [{ certificate: ofClient.certificate, key: ofAnother.key }, /tls\.key.*not the key of.*tls\.crt/],
      [{ certificate: ofClient.certificate, key: "none" }, /tls\.key.*no PEM private key/],
      [{ certificate: ofClient.certificate, key: rsa.privateKey }, /tls\.key.*passphrase/],
      [{ certificate: "none", key: ofClient.key }, /tls\.crt.*no PEM certificate/],
    ];
    const server = await serve(demanding());
    for (const [parts, words] of cases) {
      const error = await fetchFrom(server.url, { clientCertificate: pair(parts) });
      assert.deepEqual([error.class, error.code], ["Stalled", "SecretInvalid"]);
      assert.match(error.message, words);
    }
    assert.equal(server.connections(), 0);
  });
});

describe("connections", () => {
  const resolve = async (): Promise<never> => assert.fail("looked up");

  it("are shared by equal routes alone", async () => {
    const connections = createConnections(lax, resolve);
    cleanups.push(async () => await connections.close());
    const route = { ca: own.ca, clientCertificate: pair(ofClient) };
    assert.equal(connections.agent(route), connections.agent({ ...route }));
    assert.notEqual(connections.agent(route), connections.agent({ ca: own.ca }));
    assert.notEqual(connections.agent(route), connections.agent({ ...route, clientCertificate: pair(ofAnother) }));
    const without = { ca: own.ca, clientCertificate: pair({ certificate: ofClient.certificate, key: ofAnother.key }) };
    assert.throws(() => connections.agent(without), { code: "SecretInvalid" }, "a certificate is no key");
    const proxy = { url: "http://127.0.0.1:1", username: "a", password: "b" };
    const through = connections.agent({ ...route, proxy });
    assert.notEqual(through, connections.agent(route));
    assert.notEqual(through, connections.agent({ ...route, proxy: { ...proxy, password: "c" } }));
  });

  it("are kept between requests", async () => {
    const server = await serve();
    const repositories = createRepositories({ policy: lax, version: "test" });
    cleanups.push(async () => await repositories.close());
    const access = { url: server.url, credentials: { type: "None" }, ca: own.ca, timeoutMs: 2_000 } as const;
    const repository = repositories.open({ ...access, readOnly: true });
    for (let count = 0; count < 9; count++) await assert.rejects(repository.fetch([]), { code: "RepositoryNotFound" });
    assert.ok(server.connections() <= 2, `${server.connections()} connections`);
  });

  it("of certificates that were renewed long ago are let go", async () => {
    const connections = createConnections(lax, resolve);
    cleanups.push(async () => await connections.close());
    const first = connections.agent({ ca: undefined });
    const routeOf = (index: number): Parameters<typeof connections.agent>[0] => ({
      ca: undefined,
      proxy: { url: "http://127.0.0.1:1", username: String(index), password: undefined },
    });
    for (let index = 0; index < 1_100; index++) {
      connections.agent(routeOf(index));
      if (index === 500) assert.equal(connections.agent({ ca: undefined }), first);
    }
    assert.equal(connections.agent({ ca: undefined }), first);
    assert.equal(connections.agent(routeOf(1_099)).closed, false);
    const old = connections.agent(routeOf(0));
    assert.equal(old, connections.agent(routeOf(0)));
  });
});
