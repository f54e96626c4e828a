import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { afterEach, before, beforeEach, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import { type GitHubApi, startGitHubApi } from "../../test/git/github-api.ts";
import { startProxy } from "../../test/git/proxy.ts";
import { Failure } from "../failures.ts";
import type { GitHubApp, RemoteAccess, Repository } from "../ports.ts";
import { type ClosableRepositories, createRepositories, type RepositoriesOptions } from "./index.ts";

const main = "refs/heads/main";
const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const minuteMs = 60_000;

let privateKey: string;
let now: number;
let git: GitServer;
let api: GitHubApi;
let url: string;
let repositories: ClosableRepositories;
const cleanups: (() => Promise<unknown>)[] = [];

before(() => {
  privateKey = newKey();
});

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  git = await startGitServer({ auth: { username: "nobody", password: "knows" } });
  cleanups.push(async () => await git.stop());
  api = await startGitHubApi({
    appId: "123456",
    installationId: "789",
    publicKey: createPublicKey(privateKey),
    now: () => now,
    onToken: (token) => git.setAuth({ username: "x-access-token", password: token }),
  });
  cleanups.push(async () => await api.stop());
  url = (await git.createRepository("acme/demo")).url;
  repositories = create();
});

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

function newKey(): string {
  const { privateKey: made } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return made.export({ type: "pkcs1", format: "pem" }) as string;
}

function create(options: Partial<RepositoriesOptions> = {}): ClosableRepositories {
  const made = createRepositories({ policy, version: "test", wallClock: () => now, ...options });
  cleanups.push(async () => await made.close());
  return made;
}

function accessOf(app: Partial<GitHubApp> = {}, rest: Partial<RemoteAccess> = {}): RemoteAccess {
  const base = { type: "GitHubApp", appId: "123456", installationId: "789", privateKey, apiUrl: api.url } as const;
  return { url, credentials: { ...base, ...app }, ca: undefined, timeoutMs: 2_000, ...rest };
}

async function tipOf(repository: Repository): Promise<string | undefined> {
  return (await repository.fetch([main])).refs.get(main);
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => assert.fail("it must fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.doesNotMatch(error.message, /BEGIN|ghs_x|ey[A-Za-z0-9]{10}/);
  return error;
}

describe("a GitHub App", () => {
  it("reads and pushes with a token that its key gets it", async () => {
    const repository = repositories.open(accessOf());
    const tip = await tipOf(repository);
    assert.ok(tip);
    const who = { name: "a", email: "a@example.com", at: 1 };
    const to = await repository.commit({ parent: tip, changes: [], author: who, committer: who, message: "m\n" });
    await repository.push([{ ref: main, from: tip, to }], { atomic: false });
    assert.equal(await tipOf(repository), to);
    assert.equal(api.asked, 1);
    assert.equal(api.headers.accept, "application/vnd.github+json");
    assert.equal(api.headers["x-github-api-version"], "2022-11-28");
  });

  it("has one token for all its repositories, asked for once though many ask at a time", async () => {
    const others = await Promise.all(["acme/b", "acme/c", "acme/d"].map((name) => git.createRepository(name)));
    const all = [url, ...others.map((other) => other.url)].map((each) =>
      repositories.open(accessOf({}, { url: each })),
    );
    const tips = await Promise.all(all.map(tipOf));
    assert.ok(tips.every((tip) => tip !== undefined));
    assert.equal(api.asked, 1);
    await tipOf(create().open(accessOf()));
    assert.equal(api.asked, 2, "another process has its own");
  });

  it("has a token renewed five minutes before it ends", async () => {
    const repository = repositories.open(accessOf());
    await tipOf(repository);
    now += 54 * minuteMs;
    await tipOf(repository);
    assert.equal(api.asked, 1);
    now += 2 * minuteMs;
    assert.ok(await tipOf(repository));
    assert.equal(api.asked, 2);
  });

  it("goes on with the token that still holds while no other is given, and not after its end", async () => {
    const repository = repositories.open(accessOf());
    await tipOf(repository);
    api.answer(502);
    now += 57 * minuteMs;
    assert.ok(await tipOf(repository));
    now += 4 * minuteMs;
    assert.equal((await failure(tipOf(repository))).class, "Retry");
    api.answer(undefined);
    assert.ok(await tipOf(repository));
  });

  it("has a token that is refused renewed, once", async () => {
    const repository = repositories.open(accessOf());
    await tipOf(repository);
    git.setAuth({ username: "x-access-token", password: "revoked" });
    assert.ok(await tipOf(repository));
    assert.ok(api.asked >= 2 && api.asked <= 3, `${api.asked} requests`);
    const before = api.asked;
    const refusing = await startGitServer({ auth: { username: "other", password: "account" } });
    cleanups.push(async () => await refusing.stop());
    await refusing.createRepository("acme/demo");
    const error = await failure(
      tipOf(repositories.open(accessOf({}, { url: `${refusing.url}/acme/demo.git`, readOnly: true }))),
    );
    assert.deepEqual([error.class, error.code], ["Stalled", "AuthenticationFailed"]);
    assert.match(error.message, /refused the token of the GitHub App/);
    assert.equal(api.asked, before + 1);
    assert.equal(refusing.requests.advertiseUploadPack, 2);
  });

  it("whose token is refused for a push that streams has it sent again by who pushes", async () => {
    const repository = repositories.open(accessOf());
    const tip = await tipOf(repository);
    assert.ok(tip);
    const who = { name: "a", email: "a@example.com", at: 1 };
    const content = randomBytes(2 ** 21).toString("base64");
    const draft = { author: who, committer: who, message: "m\n", parent: tip, changes: [{ path: "big", content }] };
    const to = await repository.commit(draft);
    git.setAuth({ username: "x-access-token", password: "revoked" });
    const update = { ref: main, from: tip, to } as const;
    assert.equal((await failure(repository.push([update], { atomic: false }))).class, "Retry");
    assert.equal(await tipOf(repository), tip);
    const again = await repository.commit(draft);
    const outcome = await repository.push([{ ...update, to: again }], { atomic: false });
    assert.equal(outcome.get(main)?.outcome, "Accepted");
  });

  it("does not mind a clock that goes wrong by a minute, or by an hour as tokens end", async () => {
    const behind = create({ wallClock: () => now - minuteMs });
    assert.ok(await tipOf(behind.open(accessOf())));
    const ahead = create({ wallClock: () => now + minuteMs });
    assert.ok(await tipOf(ahead.open(accessOf())));
    api.answer(201, { token: "ghs_fixed", expires_at: new Date(now + 60 * minuteMs).toISOString() });
    git.setAuth({ username: "x-access-token", password: "ghs_fixed" });
    const before = api.asked;
    const wrong = create({ wallClock: () => now + 90 * minuteMs }).open(accessOf());
    await tipOf(wrong);
    await tipOf(wrong);
    assert.equal(api.asked, before + 1);
    api.answer(undefined);
    const off = await failure(tipOf(create({ wallClock: () => now + 5 * minuteMs }).open(accessOf())));
    assert.match(off.message, /'Issued at' claim/);
  });

  it("of an Enterprise server, through a proxy", async () => {
    const enterprise = await startGitHubApi({
      appId: "123456",
      installationId: "789",
      publicKey: createPublicKey(privateKey),
      now: () => now,
      path: "/api/v3",
      onToken: (token) => git.setAuth({ username: "x-access-token", password: token }),
    });
    cleanups.push(async () => await enterprise.stop());
    const proxy = await startProxy();
    cleanups.push(async () => await proxy.stop());
    const proxied = { url: proxy.url, username: undefined, password: undefined };
    const access = accessOf({ apiUrl: enterprise.url }, { proxy: proxied });
    assert.ok(await tipOf(repositories.open(access)));
    assert.equal(enterprise.tokens.length, 1);
    assert.ok(proxy.tunnels.includes(new URL(enterprise.url).host));
  });
});

describe("a GitHub App that gets no token", () => {
  it("names the key of the Secret that is wrong", async () => {
    const cases: readonly (readonly [Partial<GitHubApp>, string, RegExp])[] = [
      [{ appId: "1" }, "AuthenticationFailed", /githubAppID or githubAppPrivateKey.*Integration not found/],
      [{ privateKey: newKey() }, "AuthenticationFailed", /githubAppID or githubAppPrivateKey.*could not be decoded/],
      [{ installationId: "1" }, "AuthenticationFailed", /githubAppInstallationID.*Not Found/],
      [{ privateKey: "none" }, "SecretInvalid", /githubAppPrivateKey.*no PEM/],
      [{ privateKey: ed25519() }, "SecretInvalid", /githubAppPrivateKey.*ed25519.*rsa/],
      [{ appId: privateKey }, "SecretInvalid", /githubAppID/],
      [{ installationId: "a/../b" }, "SecretInvalid", /githubAppInstallationID/],
      [{ apiUrl: "none" }, "SecretInvalid", /githubAppBaseURL/],
    ];
    for (const [app, code, words] of cases) {
      const error = await failure(tipOf(repositories.open(accessOf(app))));
      assert.deepEqual([error.class, error.code], ["Stalled", code], words.source);
      assert.match(error.message, words);
    }
    assert.equal(git.refused, 0);
  });

  it("says what GitHub says, and comes back when it says so", async () => {
    api.answer(403, { message: "This installation has been suspended" });
    const suspended = await failure(tipOf(create().open(accessOf())));
    assert.deepEqual([suspended.class, suspended.code], ["Stalled", "AuthenticationFailed"]);
    assert.match(suspended.message, /suspended \(githubAppInstallationID\).*installation has been suspended/);
    const later: readonly (readonly [number, Readonly<Record<string, string>>, number | undefined])[] = [
      [403, { "retry-after": "60" }, 60],
      [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1_000 + 120) }, 120],
      [429, { "retry-after": "5" }, 5],
      [503, {}, undefined],
    ];
    for (const [status, headers, seconds] of later) {
      api.answer(status, { message: "later" }, headers);
      const error = await failure(tipOf(create().open(accessOf())));
      assert.deepEqual([error.class, error.code], ["Retry", "RemoteUnreachable"]);
      assert.equal(error.data["retryAfterSeconds"], seconds);
    }
    api.answer(201, { token: "a\r\nb", expires_at: "x" });
    assert.equal((await failure(tipOf(create().open(accessOf())))).code, "RemoteInvalid");
  });

  it("is held to the policy of addresses: the API of a host is its own or api. before it", async () => {
    const asked: string[] = [];
    const resolve = async (host: string): Promise<{ address: string; family: number }[]> => {
      asked.push(host);
      return [{ address: "127.0.0.1", family: 4 }];
    };
    const strict = { allowedHosts: ["github.com"], allowPlainHttp: false, allowLocalAddresses: false };
    const refusing = create({ policy: strict, resolve });
    const at = async (apiUrl: string): Promise<Failure> =>
      await failure(tipOf(refusing.open(accessOf({ apiUrl }, { url: "https://github.com/a/b.git" }))));
    for (const [apiUrl, words] of [
      ["https://api.example.com", /--allowed-git-hosts does not admit/],
      ["http://api.github.com", /--allow-plain-http/],
      ["https://127.0.0.1", /--allowed-git-hosts/],
    ] as const) {
      const error = await at(apiUrl);
      assert.equal(error.code, "UrlForbidden");
      assert.match(error.message, words);
    }
    assert.deepEqual(asked, []);
    const local = await at("https://api.github.com");
    assert.match(local.message, /api\.github\.com resolves to 127\.0\.0\.1/);
    assert.deepEqual([...new Set(asked)], ["api.github.com"]);
  });
});

function ed25519(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}
