import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressPolicy, checkUrl, isLocal, resolveChecked } from "./address-policy.ts";

const strict: AddressPolicy = { allowedHosts: ["*"], allowPlainHttp: false, allowLocalAddresses: false };

describe("URLs that may be reached", () => {
  it("are https, of an admitted host, without user information", () => {
    assert.equal(checkUrl("https://git.example.com:8443/a.git", strict).host, "git.example.com:8443");
    const narrow = { ...strict, allowedHosts: ["git.example.com", "*.corp.example"] };
    checkUrl("https://GIT.example.com/a.git", narrow);
    checkUrl("https://a.b.corp.example/a.git", narrow);
    const bad = [
      "https://git.example.com.evil.com/a.git",
      "https://gitxexample.com/a.git",
      "https://corp.example/a.git",
      "https://user@git.example.com/a.git",
      "https://:secret@git.example.com/a.git",
      "http://git.example.com/a.git",
      "git://git.example.com/a.git",
      "file:///etc/passwd",
      "ext::sh -c id",
      "ssh://git:secret@git.example.com/a.git",
      "ssh://git@evil.com/a.git",
      "ssh://-oProxyCommand=id/a.git",
      "ssh://git@-oProxyCommand=id/a.git",
      "ssh://%67it.example.com/a.git",
      "ssh:git.example.com/a.git",
      "ssh:///a.git",
      "--upload-pack=id",
      "",
    ];
    for (const url of bad) assert.throws(() => checkUrl(url, narrow), { code: "UrlForbidden" }, url);
    checkUrl("http://git.example.com/a.git", { ...strict, allowPlainHttp: true });
  });

  it("are ssh, with a user name", () => {
    for (const url of [
      "ssh://git@git.example.com/a.git",
      "ssh://git.example.com:2222/~a/b c",
      "ssh://[2001:db8::1]/a",
    ]) {
      assert.equal(checkUrl(url, strict).protocol, "ssh:");
    }
    for (const url of ["ssh://127.0.0.1/a", "ssh://[::1]/a", "ssh://[::ffff:7f00:1]/a"]) {
      assert.throws(() => checkUrl(url, strict), { code: "UrlForbidden" }, url);
    }
  });

  it("are not scp's, which are told how to write", () => {
    for (const [url, spelling] of [
      ["git@git.example.com:acme/shop.git", "ssh://git@git.example.com/acme/shop.git"],
      ["git.example.com:shop", "ssh://git.example.com/shop"],
      ["git@h:~alice/shop", "ssh://git@h/~alice/shop"],
    ] as const) {
      assert.throws(
        () => checkUrl(url, strict),
        (error: Error) => error.message.endsWith(`write it ${spelling}`),
      );
    }
  });

  it("never name user information in the refusal", () => {
    assert.throws(
      () => checkUrl("https://user:s3cret@git.example.com/", strict),
      (error: Error) => !error.message.includes("s3cret"),
    );
  });

  it("are not those of local addresses, however spelled", () => {
    const spelled = [
      "https://127.0.0.1/",
      "https://2130706433/",
      "https://0x7f.1/",
      "https://[::1]/",
      "https://[::ffff:7f00:1]/",
      "https://[fe80::1]/",
      "https://169.254.169.254/latest",
      "https://0.0.0.0/",
      "https://[::]/",
      "https://[64:ff9b::a9fe:a9fe]/",
    ];
    for (const url of spelled) assert.throws(() => checkUrl(url, strict), { code: "UrlForbidden" }, url);
    for (const url of spelled) checkUrl(url, { ...strict, allowLocalAddresses: true });
    checkUrl("https://10.0.0.7/", strict);
    checkUrl("https://[2001:db8::1]/", strict);
  });
});

describe("local addresses", () => {
  it("are told from others", () => {
    const local = [
      "127.0.0.1",
      "127.255.255.255",
      "0.1.2.3",
      "169.254.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
    ];
    const local6 = [
      "fe80::1%eth0",
      "febf::1",
      "ff02::1",
      "::ffff:127.0.0.1",
      "2002:7f00:1::",
      "::127.0.0.1",
      "fd00:ec2::254",
    ];
    for (const address of [...local, ...local6, "100.100.100.200"]) assert.ok(isLocal(address), address);
    const others = ["10.1.2.3", "192.168.1.1", "172.16.0.1", "8.8.8.8", "2001:db8::1", "fd00::1", "::ffff:8.8.8.8"];
    for (const address of others) assert.ok(!isLocal(address), address);
  });

  it("are refused when a name resolves to one among others", async () => {
    const resolve = async (): Promise<{ address: string; family: number }[]> => [
      { address: "93.184.216.34", family: 4 },
      { address: "169.254.169.254", family: 4 },
    ];
    await assert.rejects(resolveChecked("git.example.com", strict, resolve), {
      code: "UrlForbidden",
      message: /git\.example\.com resolves to 169\.254\.169\.254/,
    });
    assert.equal((await resolveChecked("x", { ...strict, allowLocalAddresses: true }, resolve)).length, 2);
  });
});
