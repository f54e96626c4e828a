import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { JsonObject } from "../values.ts";
import { shapes } from "./credential-shapes.ts";
import { findCredential, mayHoldCredential } from "./find-credential.ts";
import { serialize } from "./serialize.ts";

/** Put together here: whole ones would be taken for lost. */
const some = (length: number, of = "aB3"): string => of.repeat(length).slice(0, length);
const cut = (text: string): string => text;
const pem = (kind: string): string =>
  `-----BEGIN ${kind}PRIVATE ${cut("KEY-----")}\n${some(64)}\n-----END ${kind}PRIVATE KEY-----\n`;
const uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const wrapped = (base64: string): string => base64.replaceAll(/.{60}/g, "$&\n  ");
const encoded = (text: string): string => Buffer.from(text).toString("base64");
const credentials: readonly (readonly [what: string, value: string])[] = [
  ["a private key", pem("")],
  ["a private key", pem("RSA ")],
  ["a private key", `"private_key": ${JSON.stringify(pem("OPENSSH "))}`],
  ["a private key", `-----BEGIN PGP PRIVATE ${cut("KEY BLOCK-----")}\n\n${some(64)}`],
  ["a private key in base64", `client-key-data: ${Buffer.from(pem("RSA ")).toString("base64")}`],
  ["a private key in base64", Buffer.from(pem("EC ")).toString("base64")],
  [
    "a private key",
    `-----BEGIN RSA PRIVATE ${cut("KEY-----")}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n${some(64)}`,
  ],
  ["a private key", `key: |\n${pem("").replaceAll(/^/gm, "    ")}`],
  ["a private key", `-----BEGIN EC PRIVATE ${cut("KEY-----")}\\\\n${some(64)}`],
  ["a private key in base64", wrapped(Buffer.from(pem("RSA ")).toString("base64"))],
  ["an age key", `AGE-SECRET-${cut("KEY-1")}${some(58, "Q2Z")}`],
  ["a GitHub token", `gh${cut("p_")}${some(36)}`],
  ["a GitHub token", `github_${cut("pat_")}${some(22)}_${some(59)}`],
  ["a GitLab token", `gl${cut("pat-")}${some(20)}`],
  ["a Slack token", `xox${cut("b-")}${some(12, "12")}-${some(12, "12")}-${some(24)}`],
  ["a Slack webhook", `https://hooks.slack.com/${cut("services")}/T${some(9, "A1")}/B${some(9, "A1")}/${some(24)}`],
  ["a Discord webhook", `https://discord.com/api/${cut("webhooks")}/${some(18, "12")}/${some(68)}`],
  [
    "a Teams webhook",
    `https://a.webhook.office.com/${cut("webhookb2")}/${uuid}@${uuid}/IncomingWebhook/${some(32, "a1")}/${uuid}`,
  ],
  ["a Telegram token", `${some(10, "12")}:${cut("AA")}${some(33)}`],
  ["an AWS access key", `AK${cut("IA")}${some(16, "Q2Z")}`],
  ["an AWS secret key", `[default]\naws_secret_access_key = ${some(40)}`],
  ["an AWS secret key", `- name: AWS_SECRET_ACCESS_KEY\n  value: ${some(40)}`],
  ["an AWS secret key", `{"name":"AWS_SECRET_ACCESS_KEY","value":"${some(40)}"}`],
  ["a Google API key", `AI${cut("za")}${some(35)}`],
  ["a Google OAuth secret", `GOC${cut("SPX-")}${some(28)}`],
  ["a Google OAuth token", `ya${cut("29.")}${some(60)}`],
  ["an Azure storage key", `AccountName=x;Account${cut("Key=")}${some(86)}==`],
  ["an Azure access signature", `https://x.blob.core.windows.net/c?sv=2024-01-01&se=x${cut("&sig=")}${some(43)}%3D`],
  ["an Azure access key", `Endpoint=sb://x.servicebus.windows.net/;SharedAccess${cut("Key=")}${some(43)}=`],
  ["an Azure client secret", `${some(3)}8Q~${some(34)}`],
  ["a Stripe key", `sk_${cut("live_")}${some(24)}`],
  ["a Stripe webhook secret", `wh${cut("sec_")}${some(32)}`],
  ["an npm token", `//registry/:_authToken=npm${cut("_")}${some(36)}`],
  ["a PyPI token", `pypi-${cut("AgE")}${some(50)}`],
  ["a Docker token", `dckr_${cut("pat_")}${some(27)}`],
  ["a registry password", `{"auths":{"r.example.com":{"auth":"${Buffer.from("user:hunter22").toString("base64")}"}}}`],
  ["a login in a header", `--header=Authorization: Basic ${encoded("shop:hunter2")}`],
  ["a DigitalOcean token", `dop_${cut("v1_")}${some(64, "a1")}`],
  ["a SendGrid key", `SG${cut(".")}${some(22)}.${some(43)}`],
  ["a Vault token", `hv${cut("s.")}${some(24)}`],
  ["a Terraform token", `${some(14)}.atlas${cut("v1.")}${some(67)}`],
  ["an OpenAI key", `sk-${cut("proj-")}${some(20)}T3Blbk${cut("FJ")}${some(20)}`],
  ["an Anthropic key", `sk-${cut("ant-")}api03-${some(93)}`],
  ["a Hugging Face token", `hf${cut("_")}${some(34, "aB")}`],
  ["a Grafana token", `gl${cut("sa_")}${some(32)}_${some(8, "a1")}`],
  ["a Grafana token", `gl${cut("c_")}${encoded(JSON.stringify({ o: "1", n: some(30), k: some(24) }))}`],
  ["a New Relic key", `NR${cut("AK-")}${some(27, "Q2Z")}`],
  ["a Tailscale key", `tskey-${cut("auth-")}${some(17)}-${some(32)}`],
  ["a Databricks token", `da${cut("pi")}${some(32, "a1")}`],
  ["a Dynatrace token", `dt0${cut("c01.")}${some(24, "Q2Z")}.${some(64, "Q2Z")}`],
  ["an Atlassian token", `ATA${cut("TT3")}x${some(120)}`],
  ["a token in a URL", `https://${some(40)}@github.com/acme/shop.git`],
  ["a JSON web token", `ey${cut("J")}${some(20)}.eyJ${some(40)}.${some(43)}`],
  ["a password in a URL", "postgres://shop:hunter2@db:5432/shop"],
  ["a password in a URL", "postgres://shop:secret@db:5432/shop"],
  ["a password in a URL", "redis://:hunter2@cache"],
  ["a password in a URL", "https://:hunter2@git.example.com/r.git"],
  ["a password in a URL", "shop:hunter2@tcp(db:3306)/shop"],
  ["a password in a URL", "jdbc:postgresql://db/shop?user=shop&password=hunter2"],
  ["a password in a URL", "url = 'https://bot:a%40b@git.example.com/r.git'"],
];
const innocent: readonly string[] = [
  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  `-----BEGIN PUBLIC KEY-----\n${some(64)}\n-----END PUBLIC KEY-----`,
  `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${some(64)}`,
  "the file begins with -----BEGIN RSA PRIVATE KEY----- and ends with -----END RSA PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
  `-----BEGIN PRIVATE KEY-----\n${"x".repeat(64)}\n-----END PRIVATE KEY-----`,
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${some(43)} alice@example.com`,
  `age1${some(58, "q2z")}`,
  encoded(`-----BEGIN CERTIFICATE-----\n${some(800)}`),
  encoded(`\u0089PNG\r\n\u001a\n${some(800, "\u0000aB\u00ff")}`),
  `ghp_${"x".repeat(36)}`,
  `${cut("glpat-")}your-personal-access-token`,
  "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
  `AK${cut("IA")}IOSFODNN7EXAMPLE`,
  "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.aaaaaaaaaaaaaaaaaaaaaaaaaaa",
  `{"auths":{"r.example.com":{"auth":"${encoded("user:password")}"}}}`,
  `{"auth":"basic", "auth": "kubernetes"}`,
  "postgres://shop:${DB_PASSWORD}@db/shop",
  "postgres://shop:$(DB_PASSWORD)@db/shop",
  "postgres://shop:$DB_PASSWORD@db/shop",
  "postgres://shop:{{ .Values.password }}@db/shop",
  "postgres://shop:{{.Values.password}}@db/shop",
  "postgres://shop:%(password)s@db/shop",
  "postgres://{user}:{password}@db/shop",
  "postgres://USER:PASSWORD@host/db",
  "https://user:<token>@host",
  "https://<user>:<password>@host",
  "https://user:password@host",
  "https://user:your-token@host",
  "https://user:changeme@host",
  "https://user:xxxxx@host",
  "https://user:*****@host",
  "https://user:...@host",
  "postgres://%s:%s@%s/db",
  "%s:%s@tcp(%s)/%s",
  "https://example.com/login?password=<password>&access_token=ACCESS-TOKEN",
  "Basic authentication is off; Basic Authorization",
  `Authorization: Basic ${encoded("user:password")}`,
  "postgres://user@host/db",
  "postgres://user:@host/db",
  "http://host:8080/path@x",
  "https://medium.com/@alice/a:b@c",
  "git@github.com:acme/shop.git",
  "https://acme-platform-engineering-team@github.com/acme/shop.git",
  "ssh://git@host:22/r.git",
  "mailto:alice@example.com",
  "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  "https://registry/v2/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  uuid,
  "npm_config_registry=x",
  "hf_transfer",
  '{"auths":{"r.example.com":{}}}',
  "sk-learn",
  "task-antlers-api03",
  "https://x.blob.core.windows.net/c?sv=2024-01-01&sig=REDACTED",
  "requiredDuringSchedulingIgnoredDuringExecution/preferredDuringScheduling1",
];
const inConfigMap = (value: string): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a" },
  data: { "a/b": value },
});
const mayHold = (content: JsonObject): boolean => mayHoldCredential({ content, text: serialize(content) });
const none = (): boolean => false;
const find = (value: string) => findCredential(inConfigMap(value), none);

describe("findCredential", () => {
  for (const [what, value] of credentials)
    it(`finds ${what} in ${JSON.stringify(value.slice(0, 12))}...`, () => {
      assert.deepEqual(find(value), { path: "/data/a~1b", what });
      assert.deepEqual(find(`before\n  ${value} after`)?.what, what, "amid other text");
    });
  it("knows every shape by a test", () => {
    assert.deepEqual(
      new Set(shapes.map(({ what }) => what)),
      new Set(credentials.map(([what]) => what.replace(" in base64", ""))),
    );
  });
  for (const value of innocent)
    it(`lets ${JSON.stringify(value.slice(0, 60))} be`, () => assert.equal(find(value), undefined));

  const token = `gh${cut("p_")}${some(36)}`;
  it("looks everywhere, decodes binaryData, and names no key that is one", () => {
    const containers = [{ name: "a" }, { name: "b", env: [{ name: "T", value: token }], args: [] }];
    assert.equal(findCredential({ spec: { containers } }, none)?.path, "/spec/containers/1/env/0/value");
    assert.equal(findCredential({ metadata: { annotations: { a: token } } }, none)?.path, "/metadata/annotations/a");
    const binaryData = { a: Buffer.from(`\u0000${token}`).toString("base64") };
    assert.deepEqual(findCredential({ binaryData }, none), {
      path: "/binaryData/a",
      what: "a GitHub token in base64",
    });
    assert.deepEqual(findCredential({ data: { [token]: "x" } }, none), {
      path: "/data",
      what: "a GitHub token as a key",
    });
  });
  it("knows a secret key of AWS by its name", () => {
    const secret = some(40);
    const env = [{ name: "A" }, { name: "AWS_SECRET_ACCESS_KEY", value: secret }];
    assert.deepEqual(findCredential({ env }, none), { path: "/env/1/value", what: "an AWS secret key" });
    assert.equal(findCredential({ spec: { secretAccessKey: secret } }, none)?.path, "/spec/secretAccessKey");
    assert.equal(findCredential({ spec: { checksum: secret, secretAccessKey: "a" } }, none), undefined);
  });
  it("goes on past what is allowed", () => {
    const object = { data: { a: token, b: pem("") } };
    assert.equal(findCredential(object, (path) => path.at(-1) === "a")?.path, "/data/b");
    assert.equal(
      findCredential(object, () => true),
      undefined,
    );
    const below = { data: { [token]: { a: token } } };
    assert.deepEqual(
      findCredential(below, (path) => path.length < 3),
      { path: "/data", what: "a GitHub token" },
      "the key is in no path",
    );
  });

  const anyCredential = fc.constantFrom(...credentials.map(([, value]) => value));
  it("is total, and its path leads to what it found", () => {
    fc.assert(
      fc.property(
        jsonObject,
        fc.string(),
        fc.oneof(anyCredential, fc.constantFrom(...innocent)),
        (spec, key, value) => {
          const content: JsonObject = { spec, [`z${key}`]: { [key]: [value] } };
          const found = findCredential(content, none);
          if (innocent.includes(value)) return assert.equal(found, undefined);
          assert.ok(found);
          const steps = found.path
            .split("/")
            .slice(1)
            .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
          let at: unknown = content;
          for (const step of steps) at = (at as Record<string, unknown>)[step];
          assert.equal(at, value);
          assert.ok(!JSON.stringify(found).includes(value.slice(0, 20)));
        },
      ),
    );
  });
  it("is spared no manifest that holds one, wherever and however it is written", () => {
    const around = fc.constantFrom("", " ", "\n", "\n\n  ", '"', "'", "\t", "a: ", "é", "\u0000", "\u2028", "# ", "\\");
    fc.assert(
      fc.property(jsonObject, around, anyCredential, around, fc.boolean(), (spec, before, value, after, isKey) => {
        const text = `${before}${value}${after}`;
        const content: JsonObject = { spec, data: isKey ? { [text]: "" } : { a: [text] } };
        if (findCredential(content, none) !== undefined) assert.ok(mayHold(content));
      }),
      { numRuns: 1_000 },
    );
    assert.ok(mayHold({ kind: "ConfigMap", binaryData: { a: encoded("npm_") } }));
    assert.ok(!mayHold(inConfigMap("a plain text with https://example.com and some_words")));
  });
  it("finds what is encoded, alone or in other text, in one line or in many", () => {
    fc.assert(
      fc.property(anyCredential, fc.nat(100), fc.nat(3), (value, length, form) => {
        const base64 = encoded(`${" ".repeat(length)}${value}`.padEnd(60));
        const text = [base64, `data:\n  a: ${base64}\n`, wrapped(base64), JSON.stringify(`a\n${base64}\n`)][form] ?? "";
        assert.ok(find(text)?.what.endsWith(" in base64") || find(text)?.what === find(value)?.what);
        assert.ok(mayHold(inConfigMap(text)));
      }),
    );
  });
  it("takes time that grows with the text", () => {
    const hostile = [
      ..."://|a://:|a://a:a|a://a:a@|@tcp(|a:a@tcp(|?password=|eyJ|-----BEGIN |-----BEGIN A |&sig=|xoxb-AAAAAAAA".split(
        "|",
      ),
      ..."sk-A|T3BlbkFJ|AKIA|SG.|secret_access_key =|8Q~|a8Q~|[|a.|_|npm_|LS0tLS1CRUdJTi|=|\n| |aA1\n|-|:AA|1:AA".split(
        "|",
      ),
      `eyJ${some(9)}.`,
      `.eyJ${some(20)}`,
      `-----BEGIN PRIVATE ${cut("KEY-----")}`,
      `-----BEGIN PRIVATE ${cut("KEY-----")}\nA-A: a\n`,
      `-----BEGIN PRIVATE ${cut("KEY-----")}\\n`,
      '"auth":"AAAAAAAAAAAA',
      `"auth":"${encoded("user:password")}"`,
      `://${"a".repeat(250)}`,
      `://a:${"a".repeat(500)} `,
      `${some(43)} `,
      `${some(76)}\n`,
    ];
    for (const part of hostile) {
      const text = part.repeat(Math.ceil(1_000_000 / part.length));
      const started = performance.now();
      find(text);
      findCredential({ binaryData: { a: text } }, none);
      mayHoldCredential({ content: {}, text });
      const ms = performance.now() - started;
      assert.ok(ms < 2_000, `${part}: ${ms} ms`);
    }
  });
});
