import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Failure } from "../failures.ts";
import { readWords } from "../git/server-words.ts";
import { type Destination, failureOfError, failureOfStatus } from "./classify.ts";

const at: Destination = { host: "git.example.com", path: "/acme/a.git", credentials: "Basic" };

function classified(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  words = "",
  to: Partial<Destination> = {},
): Failure {
  return failureOfStatus({ ...at, ...to }, { status, words, header: (name) => headers[name], now: 0 });
}

describe("HTTP statuses", () => {
  const cases: readonly (readonly [number, string, string, RegExp])[] = [
    [400, "Stalled", "RemoteInvalid", /HTTP 400, which git does not know: quota of words/],
    [401, "Stalled", "AuthenticationFailed", /refused the credentials.*Secret.*quota of words/],
    [403, "Stalled", "AuthenticationFailed", /right to push.*quota of words/],
    [404, "Stalled", "RepositoryNotFound", /no repository \/acme\/a\.git.*quota of words/],
    [408, "Retry", "RemoteUnreachable", /408/],
    [409, "Retry", "RemoteUnreachable", /409: quota of words/],
    [410, "Stalled", "RepositoryNotFound", /410/],
    [413, "Stalled", "RemoteInvalid", /raise the limit/],
    [418, "Stalled", "RemoteInvalid", /418/],
    [429, "Retry", "RemoteUnreachable", /429: quota of words/],
    [500, "Retry", "RemoteUnreachable", /500: quota of words/],
    [502, "Retry", "RemoteUnreachable", /502/],
    [503, "Retry", "RemoteUnreachable", /503/],
    [504, "Retry", "RemoteUnreachable", /504/],
  ];
  for (const [status, kind, code, message] of cases) {
    it(`${status} is ${code}`, () => {
      const failure = classified(status, {}, "quota of words");
      assert.deepEqual([failure.class, failure.code, failure.data["status"]], [kind, code, status]);
      assert.match(failure.message, message);
      assert.equal(failure.data["retryAfterSeconds"], undefined);
      if (kind === "Retry") assert.equal(classified(status, { "retry-after": "7" }).data["retryAfterSeconds"], 7);
    });
  }

  it("401 without credentials asks for a Secret, of an App for its installation", () => {
    assert.match(classified(401, {}, "", { credentials: "None" }).message, /spec\.secretRef/);
    assert.match(classified(403, {}, "", { credentials: "GitHubApp" }).message, /GitHub App: install it/);
  });

  it("403 is a limit where it says when to come back, as GitHub's does", () => {
    const limited = classified(403, { "retry-after": "60" }, "You have exceeded a secondary rate limit");
    assert.deepEqual([limited.class, limited.data["retryAfterSeconds"]], ["Retry", 60]);
    assert.match(limited.message, /limits how often.*secondary rate limit/);
    assert.equal(classified(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "90" }).class, "Retry");
    assert.equal(classified(403, { "x-ratelimit-remaining": "10", "x-ratelimit-reset": "90" }).class, "Stalled");
  });

  it("400 of nginx that wants a client certificate says so", () => {
    const wants = classified(400, {}, "400 No required SSL certificate was sent");
    assert.equal(wants.code, "AuthenticationFailed");
    assert.match(wants.message, /wants a client certificate.*tls\.crt.*tls\.key/);
    const refused = classified(400, {}, "400 The SSL certificate error", { clientCertificate: true });
    assert.match(refused.message, /refused the client certificate/);
  });
});

describe("TLS alerts about the client's certificate", () => {
  it("are AuthenticationFailed, however OpenSSL spells them", () => {
    for (const [code, message] of [
      ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", ""],
      ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", ""],
      ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", ""],
      ["EPROTO", "write EPROTO 40:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:ssl"],
      ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", ""],
    ]) {
      const failure = failureOfError(Object.assign(new Error(message), { code }), at);
      assert.deepEqual([failure.class, failure.code], ["Stalled", "AuthenticationFailed"], code);
      assert.match(failure.message, /wants a client certificate/);
    }
    const alert = Object.assign(new Error(""), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
    assert.notEqual(failureOfError(alert, at).code, "AuthenticationFailed");
  });
});

describe("the words of an error", () => {
  const words = async (text: string, contentType: string): Promise<string> =>
    await readWords(
      (async function* () {
        yield Buffer.from(text);
      })(),
      contentType,
    );

  it("are those of text, of a JSON object and of a page's title, in one clean line", async () => {
    assert.equal(await words("no\u001b[31m\r\nway", "text/plain; charset=utf-8"), "no way");
    assert.equal(await words('{"message":"Bad \\u202e credentials","x":1}', "application/json"), "Bad credentials");
    assert.equal(await words('{"error":"denied"}', "application/problem+json"), "denied");
    assert.equal(await words("<html><title>502 Bad\nGateway</title>…", "text/html"), "502 Bad Gateway");
    assert.ok((await words("x".repeat(100_000), "text/plain")).length <= 200);
  });

  it("are none where the body holds none", async () => {
    for (const text of ["null", "[]", "{", '{"message":{}}']) assert.equal(await words(text, "application/json"), "");
    assert.equal(await words("<html>sign in</html>", "text/html"), "");
    assert.equal(await words("PK", "application/zip"), "");
  });

  it("hold no credentials", async () => {
    assert.doesNotMatch(await words("bearer abcdefghijkl ghp_abcdefgh", "text/plain"), /abcdef/);
  });
});
