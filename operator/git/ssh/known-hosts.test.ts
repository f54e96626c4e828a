import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import ssh2 from "ssh2";
import { makeKey } from "../../../test/git/ssh-protocol.ts";
import { fingerprintOf, type HostKeyVerdict, keyTypeOf, knownHostKeys, verifyHostKey } from "./known-hosts.ts";

const run = promisify(execFile);

async function key(): Promise<{ readonly line: string; readonly bytes: Buffer }> {
  const line = (await makeKey()).publicKey.replace(/ test$/, "");
  return { line, bytes: Buffer.from(line.split(" ")[1] ?? "", "base64") };
}

const good = await key();
const other = await key();

describe("verifyHostKey", () => {
  const cases: readonly (readonly [string, string, string, number, HostKeyVerdict])[] = [
    ["a name", `git.example.com ${good.line}`, "git.example.com", 22, "Known"],
    ["a name, whatever its case", `Git.Example.com ${good.line}`, "gIT.example.com", 22, "Known"],
    ["one of several names", `a,git.example.com,10.0.0.1 ${good.line}`, "10.0.0.1", 22, "Known"],
    ["a comment at the end", `h ${good.line} made by hand`, "h", 22, "Known"],
    ["lines ended as on Windows", `# first\r\n\r\nh ${good.line}\r\n`, "h", 22, "Known"],
    ["tabs", `h\t${good.line.replace(" ", "\t")}`, "h", 22, "Known"],
    ["one of several keys", `h ${other.line}\nh ${good.line}`, "h", 22, "Known"],
    ["a port", `[h]:2222 ${good.line}`, "h", 2222, "Known"],
    ["IPv6 with a port", `[::1]:2222 ${good.line}`, "::1", 2222, "Known"],
    ["a wildcard", `*.example.com ${good.line}`, "git.example.com", 22, "Known"],
    ["a question mark", `git?.example.com ${good.line}`, "git1.example.com", 22, "Known"],
    ["a wildcard with a port", `[*.example.com]:2222 ${good.line}`, "git.example.com", 2222, "Known"],
    ["a revoked key of another", `h ${good.line}\n@revoked * ${other.line}`, "h", 22, "Known"],
    ["nothing", "", "h", 22, "Unknown"],
    ["another host", `g ${good.line}`, "h", 22, "Unknown"],
    ["another port", `h ${good.line}`, "h", 2222, "Unknown"],
    ["no port", `[h]:2222 ${good.line}`, "h", 22, "Unknown"],
    ["a name that ends alike", `example.com ${good.line}`, "evil-example.com", 22, "Unknown"],
    ["dots are no wildcards", `git.example.com ${good.line}`, "gitxexample.com", 22, "Unknown"],
    ["negation", `*.example.com,!bad.example.com ${good.line}`, "bad.example.com", 22, "Unknown"],
    ["negation that comes first", `!bad.example.com,*.example.com ${good.line}`, "bad.example.com", 22, "Unknown"],
    ["negation alone", `!bad.example.com ${good.line}`, "good.example.com", 22, "Unknown"],
    ["a comment", `# h ${good.line}`, "h", 22, "Unknown"],
    ["an authority", `@cert-authority h ${good.line}`, "h", 22, "Unknown"],
    ["a marker that nobody knows", `@trusted h ${good.line}`, "h", 22, "Unknown"],
    ["a type that is not the key's", `h ssh-rsa ${good.line.split(" ")[1]}`, "h", 22, "Unknown"],
    ["half a key", `h ssh-ed25519 AAAA`, "h", 22, "Unknown"],
    ["another key", `h ${other.line}`, "h", 22, "Changed"],
    ["another key, by a wildcard", `* ${other.line}`, "h", 22, "Changed"],
    ["a revoked key", `@revoked h ${good.line}`, "h", 22, "Revoked"],
    ["a key that is known and revoked", `h ${good.line}\n@revoked * ${good.line}`, "h", 22, "Revoked"],
  ];
  for (const [name, text, host, port, verdict] of cases) {
    it(`${name}: ${verdict}`, () => assert.equal(verifyHostKey(text, host, port, good.bytes), verdict));
  }

  it("reads what ssh-keygen hashed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "known-hosts-"));
    try {
      const file = join(folder, "known_hosts");
      await writeFile(file, `git.example.com,10.0.0.1 ${good.line}\n[git.example.com]:2222 ${other.line}\n`);
      await run("ssh-keygen", ["-q", "-H", "-f", file]);
      const hashed = await readFile(file, "utf8");
      assert.doesNotMatch(hashed, /example/);
      const verdict = (host: string, port: number): HostKeyVerdict => verifyHostKey(hashed, host, port, good.bytes);
      assert.equal(verdict("GIT.example.com", 22), "Known");
      assert.equal(verdict("10.0.0.1", 22), "Known");
      assert.equal(verdict("git.example.com", 2222), "Changed");
      assert.equal(verdict("git.example.org", 22), "Unknown");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("matches wildcards as a regular expression would, in bounded time", () => {
    const letters = fc.constantFrom("a", "b", ".", "*", "?");
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 8 }),
        fc.stringMatching(/^[ab.]{1,8}$/),
        (glob, host) => {
          const source = glob.map((letter) => (letter === "*" ? ".*" : letter === "?" ? "." : `[${letter}]`)).join("");
          const expected = new RegExp(`^${source}$`).test(host) ? "Known" : "Unknown";
          assert.equal(verifyHostKey(`${glob.join("")} ${good.line}`, host, 22, good.bytes), expected);
        },
      ),
    );
    const started = performance.now();
    assert.equal(verifyHostKey(`${"*a".repeat(500)}b ${good.line}`, "a".repeat(255), 22, good.bytes), "Unknown");
    assert.ok(performance.now() - started < 1_000);
  });

  it("never trusts or throws for what is no known_hosts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        assert.equal(verifyHostKey(text, "h", 22, good.bytes), "Unknown");
      }),
    );
  });
});

describe("knownHostKeys", () => {
  it("answers the types of the host's keys, and whether it has an authority", () => {
    const rsa = ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }).public.trim();
    const text = `h ${good.line}\nh ${rsa}\ng ${rsa}\n@revoked h ${other.line}\n@cert-authority *.example.com ${rsa}\nh ${other.line}`;
    assert.deepEqual(knownHostKeys(text, "h", 22), { types: ["ssh-ed25519", "ssh-rsa"], authority: false });
    assert.deepEqual(knownHostKeys(text, "a.example.com", 22), { types: [], authority: true });
    assert.deepEqual(knownHostKeys(text, "none", 22), { types: [], authority: false });
  });
});

describe("a key", () => {
  it("has the fingerprint that ssh-keygen tells", async () => {
    const folder = await mkdtemp(join(tmpdir(), "known-hosts-"));
    try {
      const file = join(folder, "key.pub");
      await writeFile(file, good.line);
      const { stdout } = await run("ssh-keygen", ["-l", "-f", file]);
      assert.ok(stdout.includes(` ${fingerprintOf(good.bytes)} `), stdout);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("tells its type", () => {
    assert.equal(keyTypeOf(good.bytes), "ssh-ed25519");
    for (const bytes of ["", "\0\0\0", "\0\0\0\x05ab", "\0\0\0\x02\n\n", "\xff\xff\xff\xffa"]) {
      assert.equal(keyTypeOf(Buffer.from(bytes, "latin1")), "");
    }
  });
});
