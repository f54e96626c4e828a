import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { createServerCertificate } from "../../test/git/certificate.ts";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../../test/git/proxy.ts";
import { Failure } from "../failures.ts";
import { createRepositories, type RepositoriesOptions } from "../git/index.ts";
import type { Proxy, RemoteAccess, Repository } from "../ports.ts";

const main = "refs/heads/main";
const lax = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const git = { username: "bot", password: "git-pass-phrase" };
const proxied = { username: "outbound", password: "proxy-pass-phrase" };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function gitServer(options: Parameters<typeof startGitServer>[0]): Promise<GitServer> {
  const server = await startGitServer(options);
  cleanups.push(async () => await server.stop());
  return server;
}

async function proxyServer(options: ProxyOptions = {}): Promise<TestProxy> {
  const server = await startProxy(options);
  cleanups.push(async () => await server.stop());
  return server;
}

function open(
  access: Partial<RemoteAccess> & { readonly url: string },
  options: Partial<RepositoriesOptions> = {},
): Repository {
  const repositories = createRepositories({ policy: lax, version: "test", ...options });
  cleanups.push(async () => await repositories.close());
  return repositories.open({ credentials: { type: "None" }, ca: undefined, timeoutMs: 2_000, ...access });
}

function through(proxy: string, login: Partial<typeof proxied> = {}): Proxy {
  return { url: proxy, username: login.username, password: login.password };
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => assert.fail("it must fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.doesNotMatch(error.message, /pass-phrase/);
  return error;
}

function encoded({ username, password }: typeof git): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

describe("a proxy", () => {
  it("leads to a server of TLS, whose authority and credentials it never sees", async () => {
    const server = await gitServer({ tls: true, auth: git, names: ["git.example.com"] });
    const remote = await server.createRepository("acme/demo");
    const target = `git.example.com:${server.port}`;
    const proxy = await proxyServer({ auth: proxied, routes: { [target]: `127.0.0.1:${server.port}` } });
    const url = `https://${target}/acme/demo.git`;
    const credentials = { type: "Basic", ...git } as const;
    const never = async (): Promise<never> => assert.fail("looked up");
    const access = { url, credentials, ca: server.ca, proxy: through(proxy.url, proxied) };
    const repository = open(access, { resolve: never });
    const tip = (await repository.fetch([main])).refs.get(main);
    assert.ok(tip);
    const who = { name: "a", email: "a@example.com", at: 1 };
    const to = await repository.commit({ parent: tip, changes: [], author: who, committer: who, message: "m\n" });
    await repository.push([{ ref: main, from: tip, to }], { atomic: false });
    assert.equal(await remote.tip(), to);
    assert.deepEqual([...new Set(proxy.tunnels)], [target]);
    assert.ok(proxy.tunnels.length <= 3, `${proxy.tunnels.length} tunnels`);
    assert.deepEqual(proxy.others, []);
    assert.ok(proxy.seen().includes(encoded(proxied)));
    assert.ok(!proxy.seen().includes(encoded(git)));
    assert.doesNotMatch(proxy.seen(), /\nauthorization/i);

    const untrusted = await failure(open({ ...access, ca: undefined }).fetch([main]));
    assert.deepEqual([untrusted.class, untrusted.code], ["Stalled", "CertificateUntrusted"]);
  });

  it("leads to a server without TLS by a tunnel, too, and that sees nothing of the proxy's credentials", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${JSON.stringify(request.headers)}`);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(async () => await new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const proxy = await proxyServer({ auth: proxied });
    const url = `http://127.0.0.1:${port}/a.git`;
    assert.equal(
      (await failure(open({ url, proxy: through(proxy.url, proxied) }).fetch([]))).code,
      "RepositoryNotFound",
    );
    assert.ok(proxy.tunnels.length > 0);
    assert.match(seen[0] ?? "", /^\/a\.git\/info\/refs/);
    assert.doesNotMatch(seen.join("\n"), /proxy-/i);
  });

  it("that speaks TLS is trusted by the authority of the Secret", async () => {
    const certificate = await createServerCertificate();
    const proxy = await proxyServer({ tls: certificate });
    const server = await gitServer({});
    const remote = await server.createRepository("acme/demo");
    const access = { url: remote.url, proxy: through(proxy.url) };
    assert.equal((await open({ ...access, ca: certificate.ca }).fetch([main])).refs.get(main), await remote.tip());
    const error = await failure(open(access).fetch([main]));
    assert.equal(error.code, "CertificateUntrusted");
    assert.match(error.message, /the proxy 127\.0\.0\.1/);
  });

  it("that wants other credentials is a person's to act on, and named", async () => {
    const proxy = await proxyServer({ auth: proxied });
    const url = "https://git.example.com/a.git";
    for (const [login, words] of [
      [{}, /proxy.*wants credentials.*spec\.proxy\.secretRef/],
      [{ ...proxied, password: "other-pass-phrase" }, /proxy.*refused the credentials.*spec\.proxy\.secretRef/],
    ] as const) {
      const error = await failure(open({ url, proxy: through(proxy.url, login) }).fetch([]));
      assert.deepEqual([error.class, error.code, error.data["status"]], ["Stalled", "AuthenticationFailed", 407]);
      assert.match(error.message, words);
    }
    assert.deepEqual(proxy.tunnels, []);
  });

  it("that cannot be reached, or cannot reach the server, is tried again", async () => {
    const url = "https://git.example.com/a.git";
    const gone = await failure(open({ url, proxy: through("http://127.0.0.1:1") }).fetch([]));
    assert.deepEqual([gone.class, gone.code], ["Retry", "RemoteUnreachable"]);
    assert.match(gone.message, /the proxy 127\.0\.0\.1:1 cannot be reached/);
    const proxy = await proxyServer();
    proxy.status(503, { "retry-after": "9" });
    const busy = await failure(open({ url, proxy: through(proxy.url) }).fetch([]));
    assert.deepEqual([busy.class, busy.data["retryAfterSeconds"]], ["Retry", 9]);
    proxy.status(403);
    const refused = await failure(open({ url, proxy: through(proxy.url) }).fetch([]));
    assert.deepEqual([refused.class, refused.code], ["Stalled", "RemoteInvalid"]);
    assert.match(refused.message, /no connection to git\.example\.com:443 \(HTTP 403\)/);
  });

  it("is held to the policy of addresses, and so is what it shall lead to", async () => {
    const proxy = await proxyServer();
    const strict = { allowedHosts: ["*.example.com", "127.0.0.1"], allowPlainHttp: true, allowLocalAddresses: false };
    const local = async (): Promise<{ address: string; family: number }[]> => [{ address: "127.0.0.1", family: 4 }];
    const port = new URL(proxy.url).port;
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["https://git.example.com/a.git", proxy.url, /127\.0\.0\.1 is a local address/],
      ["https://git.example.com/a.git", `http://proxy.example.com:${port}`, /resolves to 127\.0\.0\.1/],
      ["https://git.example.com/a.git", "http://proxy.example.org:3128", /--allowed-git-hosts.*proxy\.example\.org/],
      ["https://127.0.0.1/a.git", "http://proxy.example.com:3128", /local address/],
    ];
    for (const [url, address, words] of cases) {
      const options = { policy: strict, resolve: local };
      const error = await failure(open({ url, proxy: through(address) }, options).fetch([]));
      assert.deepEqual([error.class, error.code], ["Stalled", "UrlForbidden"], address);
      assert.match(error.message, words);
    }
    const named = { policy: { ...strict, allowedHosts: ["*"] }, resolve: async () => [] };
    const own = open({ url: "https://localhost/a.git", proxy: through("http://proxy.example.com") }, named);
    assert.match((await failure(own.fetch([]))).message, /localhost is a local address/);
    assert.deepEqual(proxy.tunnels, []);
  });

  it("whose address is none is told", async () => {
    for (const address of ["socks5://proxy.example.com", "proxy", "http://a:b@proxy.example.com"]) {
      const error = await failure(open({ url: "https://git.example.com/a.git", proxy: through(address) }).fetch([]));
      assert.equal(error.code, "SecretInvalid", address);
      assert.match(error.message, /address in the Secret of spec\.proxy\.secretRef/);
    }
  });
});
