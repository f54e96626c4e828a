import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, it } from "node:test";
import { startGitServer } from "../../test/git/git-server.ts";
import { Failure } from "../failures.ts";
import type { Resolve } from "../net/address-policy.ts";
import type { Credentials, Repository } from "../ports.ts";
import { type ClosableRepositories, createRepositories, type RepositoriesOptions } from "./index.ts";
import { encodePacket, flushPacket } from "./pkt-line.ts";

const main = "refs/heads/main";
const lax = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const password = "s3cr3t-pass-phrase";
const basic: Credentials = { type: "Basic", username: "bot", password };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function listen(
  handle: RequestListener,
): Promise<{ readonly url: string; readonly port: number; readonly seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

function open(
  url: string,
  options: Partial<RepositoriesOptions> & { credentials?: Credentials; ca?: string; timeoutMs?: number } = {},
): Repository {
  const { credentials = { type: "None" }, ca, timeoutMs = 2_000, ...rest } = options;
  const repositories: ClosableRepositories = createRepositories({ policy: lax, version: "test", ...rest });
  cleanups.push(async () => await repositories.close());
  return repositories.open({ url, credentials, ca, timeoutMs });
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => assert.fail("it must fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  const encoded = Buffer.from(`bot:${password}`).toString("base64");
  assert.ok(!error.message.includes(password) && !error.message.includes(encoded));
  return error;
}

function answer(status: number, headers: Record<string, string>, body: string): RequestListener {
  return (_request, response: ServerResponse) => void response.writeHead(status, headers).end(body);
}

describe("HTTP statuses", () => {
  it("keep the server's words, and when to come back", async () => {
    const json = { "content-type": "application/json", "retry-after": "7" };
    const server = await listen(answer(429, json, JSON.stringify({ message: "too many\u001b[31m" })));
    const error = await failure(open(`${server.url}/acme/a.git`, { credentials: basic }).fetch([]));
    assert.deepEqual([error.class, error.code, error.data["retryAfterSeconds"]], ["Retry", "RemoteUnreachable", 7]);
    assert.match(error.message, /HTTP 429: too many$/);
  });

  it("of credentials that may only read say so, where reading works", async () => {
    const git = await startGitServer();
    cleanups.push(async () => await git.stop());
    const remote = await git.createRepository("acme/demo");
    remote.status(403, { service: "git-receive-pack", body: "Write access to repository not granted." });
    const error = await failure(open(remote.url, { credentials: basic }).fetch([main]));
    assert.deepEqual([error.class, error.code], ["Stalled", "AuthenticationFailed"]);
    assert.match(error.message, /^these credentials may read, and not push.*spec\.access.*Write access/);
    remote.status(403, { body: "Account suspended" });
    const neither = await failure(open(remote.url, { credentials: basic }).fetch([main]));
    assert.doesNotMatch(neither.message, /may read/);
    assert.match(neither.message, /Account suspended/);
    const slow = await listen((request, response) => {
      const push = request.url?.includes("receive-pack");
      setTimeout(() => response.writeHead(push ? 403 : 404).end(), push ? 0 : 100);
    });
    assert.equal(
      (await failure(open(`${slow.url}/a.git`, { credentials: basic }).fetch([]))).code,
      "RepositoryNotFound",
    );
  });
});

describe("what does not speak git", () => {
  it("is RemoteInvalid, be it a web page or another object format", async () => {
    const advertisement = { "content-type": "application/x-git-upload-pack-advertisement" };
    const sha256 = [
      encodePacket("version 2\n"),
      encodePacket("ls-refs\n"),
      encodePacket("object-format=sha256\n"),
      flushPacket,
    ];
    const all: readonly (readonly [Record<string, string>, string, RegExp])[] = [
      [{ "content-type": "text/html; charset=utf-8" }, "<html>sign in</html>", /a web page/],
      [{}, "", /something else/],
      [advertisement, "0009<html0000", /something else/],
      [advertisement, Buffer.concat(sha256).toString(), /sha256/],
    ];
    for (const [headers, body, message] of all) {
      const server = await listen(answer(200, headers, body));
      const error = await failure(open(`${server.url}/a.git`).fetch([]));
      assert.deepEqual([error.class, error.code], ["Stalled", "RemoteInvalid"], body);
      assert.match(error.message, message);
    }
  });

  it("is RemoteInvalid where it is not even HTTP", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.write("SSH-2.0-OpenSSH_9.2\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(async () => void server.close());
    const { port } = server.address() as AddressInfo;
    assert.equal((await failure(open(`http://127.0.0.1:${port}/a.git`).fetch([]))).code, "RemoteInvalid");
    assert.equal((await failure(open(`https://127.0.0.1:${port}/a.git`).fetch([]))).code, "RemoteInvalid");
  });
});

describe("redirects", () => {
  it("are followed within the host by the first request, and what follows goes there", async () => {
    const git = await startGitServer({ auth: { username: "bot", password } });
    cleanups.push(async () => await git.stop());
    const remote = await git.createRepository("new/home");
    const old = await git.createRepository("old");
    old.redirectTo(remote.url);
    const repository = open(old.url, { credentials: basic });
    const tip = (await repository.fetch([main])).refs.get(main);
    assert.equal(tip, await remote.tip());
    assert.ok(tip);
    const who = { name: "a", email: "a@example.com", at: 1 };
    const to = await repository.commit({ parent: tip, changes: [], author: who, committer: who, message: "m\n" });
    await repository.push([{ ref: main, from: tip, to }], { atomic: false });
    assert.equal(await remote.tip(), to);
  });

  it("to another host, port or to http are not, and that host sees no request", async () => {
    const other = await listen(answer(200, {}, ""));
    for (const target of [other.url, `http://localhost:${other.port}`, "http://169.254.169.254/latest"]) {
      const server = await listen(
        (_request, response) => void response.writeHead(302, { location: `${target}/a.git` }).end(),
      );
      const error = await failure(open(`${server.url}/a.git`, { credentials: basic }).fetch([]));
      assert.equal(error.code, "RemoteInvalid");
      assert.match(error.message, /put the new URL into spec\.url/);
    }
    assert.equal(other.seen.length, 0);
  });

  it("from https to http are not", async () => {
    const git = await startGitServer({ tls: true });
    cleanups.push(async () => await git.stop());
    const plain = await listen(answer(200, {}, ""));
    const remote = await git.createRepository("acme/demo");
    remote.redirectTo(`http://127.0.0.1:${git.port}/acme/demo.git`);
    assert.ok(git.ca);
    const error = await failure(open(remote.url, { credentials: basic, ca: git.ca }).fetch([]));
    assert.deepEqual([error.class, error.code], ["Stalled", "RemoteInvalid"]);
    remote.redirectTo(`${plain.url}/acme/demo.git`);
    await failure(open(remote.url, { credentials: basic, ca: git.ca }).fetch([]));
    assert.equal(plain.seen.length, 0);
  });

  it("in a circle end", async () => {
    const server = await listen(
      (request, response) => void response.writeHead(302, { location: request.url ?? "" }).end(),
    );
    assert.match((await failure(open(`${server.url}/a.git`).fetch([]))).message, /again and again/);
    assert.ok(server.seen.length <= 8, `${server.seen.length} requests`);
  });
});

describe("addresses", () => {
  const strict = { allowedHosts: ["git.example.com"], allowPlainHttp: true, allowLocalAddresses: false };

  it("are checked when a name resolves, and no connection is made to one that is refused", async () => {
    const server = await listen(answer(200, {}, ""));
    const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const url = `http://git.example.com:${server.port}/a.git`;
    const error = await failure(open(url, { policy: strict, resolve }).fetch([]));
    assert.deepEqual([error.class, error.code], ["Stalled", "UrlForbidden"]);
    assert.equal(server.seen.length, 0);
  });

  it("are those that were checked, though the name answers differently a moment later", async () => {
    const server = await listen(answer(404, {}, ""));
    let asked = 0;
    const resolve: Resolve = async () => {
      asked++;
      return [{ address: "127.0.0.1", family: 4 }];
    };
    const url = `http://git.example.com:${server.port}/a.git`;
    const error = await failure(open(url, { policy: { ...strict, allowLocalAddresses: true }, resolve }).fetch([]));
    assert.equal(error.code, "RepositoryNotFound");
    assert.equal(server.seen[0]?.headers.host, `git.example.com:${server.port}`);
    assert.ok(asked >= 1 && asked <= 2, `${asked} look-ups`);
  });

  it("that are not found are a Retry, and forbidden hosts are never looked up", async () => {
    const missing = async (): Promise<never> => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    };
    const error = await failure(open("https://git.example.com/a.git", { policy: strict, resolve: missing }).fetch([]));
    assert.deepEqual([error.class, error.code], ["Retry", "RemoteUnreachable"]);
    const never = async (): Promise<never> => assert.fail("looked up");
    for (const url of [
      "https://other.example.com/a.git",
      "https://bot:p@git.example.com/a.git",
      "https://127.0.0.1/a.git",
    ]) {
      assert.equal((await failure(open(url, { policy: strict, resolve: never }).fetch([]))).code, "UrlForbidden");
    }
  });
});

describe("connections", () => {
  it("that nobody takes, that hang and that break are a Retry", async () => {
    const closed = await failure(open("http://127.0.0.1:1/a.git").fetch([]));
    assert.deepEqual([closed.class, closed.code], ["Retry", "RemoteUnreachable"]);
    assert.match(closed.message, /nothing listens/);
    const silent = await listen(() => {});
    const timeout = await failure(open(`${silent.url}/a.git`, { timeoutMs: 200 }).fetch([]));
    assert.deepEqual([timeout.class, timeout.code], ["Retry", "RemoteUnreachable"]);
    const stalls = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" }).write("001e# serv");
    });
    assert.equal((await failure(open(`${stalls.url}/a.git`, { timeoutMs: 200 }).fetch([]))).class, "Retry");
    const breaks = await listen((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("001e# serv");
      setTimeout(() => response.destroy(), 20);
    });
    assert.equal((await failure(open(`${breaks.url}/a.git`).fetch([]))).class, "Retry");
  });

  it("that drip for ever end", async () => {
    const drips = await listen((request, response) => {
      response.writeHead(200, {});
      const timer = setInterval(() => response.write("0005a"), 20);
      request.socket.on("close", () => clearInterval(timer));
    });
    const error = await failure(
      open(`${drips.url}/a.git`, { timeoutMs: 200, limits: { wholeRequestFactor: 2 } }).fetch([]),
    );
    assert.equal(error.class, "Retry");
  });

  it("that answer without end are cut off", async () => {
    const endless = await listen((request, response) => {
      response.writeHead(200, {});
      const write = (): void => {
        while (!request.socket.destroyed && response.write("0005a".repeat(10_000)));
      };
      response.on("drain", write);
      write();
    });
    const error = await failure(open(`${endless.url}/a.git`, { limits: { answerBytes: 1_000_000 } }).fetch([]));
    assert.deepEqual([error.class, error.code], ["Stalled", "RemoteInvalid"]);
    assert.match(error.message, /more than 1000000 bytes/);
  });
});

describe("certificates", () => {
  it("are trusted by the authority of the Secret alone", async () => {
    const git = await startGitServer({ tls: true });
    cleanups.push(async () => await git.stop());
    const remote = await git.createRepository("acme/demo");
    assert.ok(git.ca);
    assert.equal((await open(remote.url, { ca: git.ca }).fetch([main])).refs.get(main), await remote.tip());
    const error = await failure(open(remote.url).fetch([main]));
    assert.deepEqual([error.class, error.code], ["Stalled", "CertificateUntrusted"]);
    assert.match(error.message, /ca\.crt/);
    assert.equal((await failure(open(remote.url, { ca: "no certificate" }).fetch([]))).code, "SecretInvalid");
  });
});
