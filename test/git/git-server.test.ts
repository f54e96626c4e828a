import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { runGit, withConfiguration } from "./git-cli.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import { createTestClient, type TestClient } from "./test-client.ts";
import type { TestRepository } from "./test-repository.ts";

let server: GitServer;
let count = 0;

before(async () => {
  server = await startGitServer();
});
after(async () => {
  await server.stop();
});

async function newRepository(config: Record<string, string> = {}): Promise<TestRepository> {
  return await server.createRepository(`team/repository-${++count}`, { config });
}

async function newClient(repository: TestRepository): Promise<TestClient> {
  return createTestClient(await repository.clone(), server.clientEnvironment());
}

async function post(url: string, body: Buffer, headers: Record<string, string>): Promise<[IncomingMessage, Buffer]> {
  const request = httpRequest(url, { method: "POST", headers });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return [response, await buffer(response)];
}

describe("a repository", () => {
  it("is cloned and pushed to", async () => {
    const repository = await newRepository();
    const client = await newClient(repository);
    assert.match(await readFile(join(client.folder, "README.md"), "utf8"), /^# team\/repository-/);
    const old = await repository.tip();
    const oid = await client.commit(
      { "a b.yaml": "kind: A\n" },
      "add a b\n\nwhy\n\nChanged-By: alice\nChanged-By: bob",
    );
    const performed = server.nextPostReceive();
    const { code, stderr } = await client.git("push", "origin", "main");
    assert.equal(code, 0, stderr);
    assert.equal(await repository.tip(), oid);
    assert.deepEqual(repository.pushes, server.pushes.slice(-1));
    const [push] = repository.pushes;
    assert.deepEqual(push?.refs, [{ old, new: oid, ref: "refs/heads/main", status: "ok" }]);
    assert.equal(push.completed, true);
    const event = await performed;
    assert.equal(event.push, push);
    assert.equal(event.repository, repository.name);
    assert.ok(event.at > push.at && event.at <= performance.timeOrigin + performance.now());
    assert.deepEqual(await repository.fsck(), []);
  });

  it("shows its log oldest first, files, contents and refs", async () => {
    const repository = await newRepository();
    const oid = await repository.commitAsPerson({
      files: { "apps/shop/web.yaml": "kind: Web\n", 'odd "name"\\.txt': "é" },
      message: "subject\n\nbody: text\n\nChanged-By: alice\nChanged-By: bob\n",
      author: { name: "Ännchen", email: "a@example.invalid" },
      at: new Date(1_700_000_000_000),
    });
    const [first, second, ...more] = await repository.log();
    assert.deepEqual(more, []);
    assert.deepEqual(first?.files, ["README.md"]);
    const who = { name: "Ännchen", email: "a@example.invalid", at: new Date(1_700_000_000_000) };
    assert.deepEqual(second, {
      oid,
      parents: [first.oid],
      author: who,
      committer: who,
      subject: "subject",
      body: "body: text\n\nChanged-By: alice\nChanged-By: bob",
      trailers: { "Changed-By": ["alice", "bob"] },
      files: ["apps/shop/web.yaml", 'odd "name"\\.txt'],
    });
    assert.deepEqual(await repository.files("main", "apps/"), ["apps/shop/web.yaml"]);
    assert.equal(await repository.show("main", 'odd "name"\\.txt'), "é");
    assert.equal(await repository.show("main", "none"), undefined);
    assert.deepEqual(await repository.refs(), { "refs/heads/main": oid });
    await repository.commitAsPerson({ files: { "README.md": null }, branch: "other" });
    assert.deepEqual(await repository.files("other"), []);
    assert.equal(await repository.tip("none"), undefined);
    assert.deepEqual(await repository.log("none"), []);
  });

  it("has no commit when made empty, and takes a first push", async () => {
    const repository = await server.createRepository("empty", { empty: true, defaultBranch: "trunk" });
    assert.deepEqual(await repository.refs(), {});
    assert.deepEqual(await repository.files(), []);
    const client = await newClient(repository);
    const oid = await client.commit({ a: "1" });
    assert.equal((await client.git("push", "origin", "HEAD:trunk")).code, 0);
    assert.equal(await repository.tip(), oid);
  });

  it("takes a person's commits that are made at the same time, one after the other", async () => {
    const repository = await newRepository();
    await Promise.all([1, 2, 3, 4].map(async (n) => await repository.commitAsPerson({ files: { [`f${n}`]: "1" } })));
    assert.deepEqual(await repository.files(), ["README.md", "f1", "f2", "f3", "f4"]);
    assert.equal((await repository.log()).length, 5);
  });

  it("offers partial clone, and not when configured without", async () => {
    const lsRefs = Buffer.from("0014command=ls-refs\n0000");
    assert.equal(lsRefs.length, 24);
    for (const [config, offered] of [
      [{}, true],
      [{ "uploadpack.allowFilter": "false" }, false],
    ] as const) {
      const repository = await newRepository(config);
      const url = `${repository.url}/info/refs?service=git-upload-pack`;
      const advertisement = await (await fetch(url, { headers: { "git-protocol": "version=2" } })).text();
      assert.match(advertisement, /version 2\n/);
      assert.equal(/fetch=.*filter/.test(advertisement), offered);
    }
  });

  it("advertises atomic pushes, and not when configured without", async () => {
    const repository = await newRepository();
    const client = await newClient(repository);
    await client.commit({ a: "1" });
    await client.git("branch", "other");
    await repository.rejectRef("refs/heads/other", "no");
    const refused = await client.git("push", "--atomic", "origin", "main", "other");
    assert.match(refused.stderr, /atomic push fail/);
    assert.deepEqual(Object.keys(await repository.refs()), ["refs/heads/main"]);
    assert.equal((await repository.log()).length, 1);
    await repository.git("config", "receive.advertiseAtomic", "false");
    const unable = await client.git("push", "--atomic", "origin", "main");
    assert.match(unable.stderr, /does not support --atomic push/);
  });

  it("refuses a commit that is no fast-forward of a moved branch", async () => {
    const repository = await newRepository();
    const client = await newClient(repository);
    await client.commit({ a: "1" });
    await repository.commitAsPerson({ files: { b: "2" } });
    assert.match((await client.git("push", "origin", "main")).stderr, /rejected/);
  });

  it("takes many pushes to different branches at once", async () => {
    const repository = await newRepository();
    const branches = Array.from({ length: 12 }, (_, n) => `branch-${n}`);
    const client = await newClient(repository);
    const oids: Record<string, string> = { "refs/heads/main": (await repository.tip()) ?? "" };
    for (const branch of branches) {
      await client.git("checkout", "--quiet", "-b", branch);
      oids[`refs/heads/${branch}`] = await client.commit({ [branch]: branch });
    }
    const results = await Promise.all(branches.map(async (branch) => await client.git("push", "origin", branch)));
    assert.deepEqual(
      results.map(({ code }) => code),
      branches.map(() => 0),
    );
    assert.deepEqual(await repository.refs(), oids);
    assert.equal(repository.pushes.filter(({ completed }) => completed).length, branches.length);
    assert.deepEqual(await repository.fsck(), []);
  });

  it("streams a big pack both ways, sent chunked", async () => {
    const repository = await newRepository();
    const client = await newClient(repository);
    const content = randomBytes(12 << 20);
    const oid = await client.commit({ big: content });
    const { code, stderr } = await client.git("push", "origin", "main");
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      repository.pushes.map(({ refs }) => refs[0]?.new),
      [oid],
      "the probe that precedes a chunked push is no push",
    );
    const clone = await repository.clone();
    assert.ok((await readFile(join(clone, "big"))).equals(content));
  });
});

describe("the CGI bridge", () => {
  const zeros = "0".repeat(40);
  const command = (old: string, next: string, ref: string): Buffer => {
    const line = `${old} ${next} ${ref}\0 report-status`;
    return Buffer.from(`${(line.length + 4).toString(16).padStart(4, "0")}${line}0000`);
  };
  const headers = { "content-type": "application/x-git-receive-pack-request" };
  const emptyPack = Buffer.from("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e", "hex");

  it("takes gzip bodies, with a length and chunked, for both services", async () => {
    const repository = await newRepository();
    const tip = (await repository.tip()) ?? "";
    for (const [name, extra] of [
      ["length", {}],
      ["chunked", { "transfer-encoding": "chunked" }],
    ] as const) {
      const push = gzipSync(Buffer.concat([command(zeros, tip, `refs/heads/${name}`), emptyPack]));
      const encoding = { "content-encoding": "gzip", ...extra };
      const [response, answer] = await post(`${repository.url}/git-receive-pack`, push, { ...headers, ...encoding });
      assert.equal(response.statusCode, 200);
      assert.match(answer.toString(), new RegExp(`ok refs/heads/${name}`));
      assert.deepEqual(repository.pushes.at(-1)?.refs, [
        { old: zeros, new: tip, ref: `refs/heads/${name}`, status: "ok" },
      ]);
      const list = gzipSync(Buffer.from("0014command=ls-refs\n0000"));
      const [, refs] = await post(`${repository.url}/git-upload-pack`, list, {
        "content-type": "application/x-git-upload-pack-request",
        "git-protocol": "version=2",
        ...encoding,
      });
      assert.match(refs.toString(), new RegExp(`${tip} refs/heads/${name}`));
    }
  });

  it("answers a push whose old object id is stale with ng", async () => {
    const repository = await newRepository();
    const tip = (await repository.tip()) ?? "";
    const body = Buffer.concat([command(zeros, tip, "refs/heads/main"), emptyPack]);
    const [, answer] = await post(`${repository.url}/git-receive-pack`, body, headers);
    assert.match(answer.toString(), /ng refs\/heads\/main/);
    const [push] = repository.pushes;
    assert.equal(push?.refs[0]?.status, "ng");
    assert.equal(push.completed, true);
  });

  it("answers Expect: 100-continue", async () => {
    const repository = await newRepository();
    const request = httpRequest(`${repository.url}/git-upload-pack`, {
      method: "POST",
      headers: {
        "content-type": "application/x-git-upload-pack-request",
        "git-protocol": "version=2",
        expect: "100-continue",
      },
    });
    request.flushHeaders();
    await once(request, "continue");
    request.end("0014command=ls-refs\n0000");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    assert.match((await buffer(response)).toString(), /refs\/heads\/main/);
  });

  it("pushes nothing for a client that goes away in the middle of its pack, and ends the child", {
    timeout: 10_000,
  }, async () => {
    const repository = await newRepository();
    const tip = (await repository.tip()) ?? "";
    const { hostname, port, pathname } = new URL(repository.url);
    const socket = connect(Number(port), hostname);
    const body = Buffer.concat([command(zeros, tip, "refs/heads/cut"), emptyPack]);
    const head = `POST ${pathname}/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: ${headers["content-type"]}\r\n`;
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
    socket.write(body.subarray(0, -10));
    while (repository.pushes.length === 0) await sleep(5);
    await sleep(100);
    socket.destroy();
    while (!server.errors.some((error) => error.includes(pathname))) await sleep(5);
    assert.deepEqual(Object.keys(await repository.refs()), ["refs/heads/main"]);
    assert.equal(repository.pushes[0]?.completed, false);
    assert.deepEqual(await repository.fsck(), []);
  });
});

describe("authentication", () => {
  it("by basic: right, wrong, none, changed at run time", async () => {
    const auth = { username: "robot", password: "p:w ü" };
    const guarded = await startGitServer({ auth });
    try {
      const repository = await guarded.createRepository("guarded");
      const list = async (env: NodeJS.ProcessEnv): Promise<number> =>
        (await runGit(["ls-remote", repository.url], { env, allowFailure: true })).code;
      assert.equal(await list(guarded.clientEnvironment()), 0);
      assert.notEqual(await list(guarded.clientEnvironment(null)), 0);
      assert.notEqual(await list(guarded.clientEnvironment({ ...auth, password: "wrong" })), 0);
      assert.notEqual(await list(guarded.clientEnvironment({ bearerToken: "p" })), 0);
      const response = await fetch(`${repository.url}/info/refs?service=git-receive-pack`);
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Basic /);
      const client = createTestClient(await repository.clone(), guarded.clientEnvironment());
      await client.commit({ a: "1" });
      assert.equal((await client.git("push", "origin", "main")).code, 0);
      guarded.setAuth({ ...auth, password: "next" });
      assert.notEqual((await client.git("fetch")).code, 0);
      const config = await readFile(join(client.folder, ".git", "config"), "utf8");
      assert.doesNotMatch(config, /Authorization|robot/);
    } finally {
      await guarded.stop();
    }
  });

  it("by bearer token", async () => {
    const guarded = await startGitServer({ auth: { bearerToken: "secret" } });
    try {
      const repository = await guarded.createRepository("guarded");
      await repository.clone();
      const response = await fetch(`${repository.url}/info/refs?service=git-upload-pack`);
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer /);
    } finally {
      await guarded.stop();
    }
  });
});

describe("TLS", () => {
  it("is trusted by who has the CA and by nobody else", async () => {
    const secure = await startGitServer({ tls: true });
    try {
      const repository = await secure.createRepository("secure");
      assert.match(repository.url, /^https:\/\/127\.0\.0\.1:/);
      assert.match(secure.ca ?? "", /^-----BEGIN CERTIFICATE-----/);
      const client = createTestClient(await repository.clone(), secure.clientEnvironment());
      await client.commit({ a: "1" });
      assert.equal((await client.git("push", "origin", "main")).code, 0);
      const stranger = withConfiguration(secure.clientEnvironment(), []);
      const refused = await runGit(["ls-remote", repository.url], { env: stranger, allowFailure: true });
      assert.match(refused.stderr, /certificate/);
    } finally {
      await secure.stop();
    }
  });
});

describe("the server", () => {
  it("counts requests by service", async () => {
    const counted = await startGitServer();
    try {
      const repository = await counted.createRepository("counted");
      await fetch(`${counted.url}/none.git/info/refs?service=git-upload-pack`).then((r) => assert.equal(r.status, 404));
      const client = createTestClient(await repository.clone(), counted.clientEnvironment());
      await client.commit({ a: "1" });
      await client.git("push", "origin", "main");
      assert.deepEqual(
        { ...counted.requests },
        { advertiseUploadPack: 2, advertiseReceivePack: 1, uploadPack: 2, receivePack: 1, other: 0 },
      );
    } finally {
      await counted.stop();
    }
  });

  it("stops twice, removes what it made, and keeps a root that it was given", async () => {
    const outer = await startGitServer();
    const root = join(outer.root, "given");
    const inner = await startGitServer({ root });
    const repository = await inner.createRepository("kept");
    const clone = await repository.clone();
    await Promise.all([inner.stop(), inner.stop()]);
    await inner.stop();
    await assert.rejects(fetch(inner.url));
    assert.ok(existsSync(repository.path));
    assert.ok(!existsSync(dirname(clone)));
    await outer.stop();
    assert.ok(!existsSync(outer.root));
  });

  it("says when its port is taken", async () => {
    await assert.rejects(startGitServer({ port: server.port }), { code: "EADDRINUSE" });
  });

  it("reads nobody's git configuration", async () => {
    const repository = await newRepository();
    const { stdout } = await runGit(["config", "--list", "--show-scope"], {
      cwd: repository.path,
      env: server.clientEnvironment(null),
    });
    assert.deepEqual(
      [
        ...new Set(
          stdout
            .trim()
            .split("\n")
            .map((line) => line.split("\t")[0]),
        ),
      ],
      ["local"],
    );
  });
});
