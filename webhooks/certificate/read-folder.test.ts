import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../operator/ports.ts";
import { createFakeClock, type FakeClock } from "../../test/fakes/clock.ts";
import { createServingCertificate, type ServingCertificate } from "./create-certificate.ts";
import { readFolder, watchFolder } from "./read-folder.ts";

let a: ServingCertificate;
let b: ServingCertificate;
let folder = "";
let versions = 0;
before(async () => {
  a = await createServingCertificate(["a.svc"], Date.now());
  b = await createServingCertificate(["a.svc"], Date.now());
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clickscribe-certificate-"));
});
const made: string[] = [];
after(() => {
  for (const each of made) rmSync(each, { recursive: true, force: true });
});

/** As a kubelet does: the files link into `..data`, a link that is moved from folder to folder. */
function mount(files: Readonly<Record<string, string>>): void {
  made.push(folder);
  const version = `..version-${++versions}`;
  mkdirSync(join(folder, version));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, version, name), text);
  symlinkSync(version, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  for (const name of Object.keys(files)) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(join("..data", name), join(folder, name));
  }
}

const filesOf = ({ cert, key, ca }: ServingCertificate): Record<string, string> => ({
  "tls.crt": cert,
  "tls.key": key,
  "ca.crt": ca,
});

describe("readFolder", () => {
  const wrong: readonly (readonly [string, () => Record<string, string | undefined>, RegExp])[] = [
    [
      "no key",
      () => ({ "tls.key": undefined }),
      /^Stalled: --webhook-certificate: \S+\/tls\.key does not exist: give it/,
    ],
    ["no authority", () => ({ "ca.crt": undefined }), /\/ca\.crt does not exist/],
    ["another's key", () => ({ "tls.key": b.key }), /\/tls\.key does not match tls\.crt/],
    ["another authority", () => ({ "ca.crt": b.ca }), /\/ca\.crt did not sign tls\.crt/],
    ["no certificate", () => ({ "tls.crt": "" }), /\/tls\.crt holds no certificate/],
  ];
  for (const [name, change, message] of wrong) {
    it(`says which file is wrong: ${name}`, async () => {
      const files = Object.entries({ ...filesOf(a), ...change() });
      mount(Object.fromEntries(files.flatMap(([file, text]) => (text === undefined ? [] : [[file, text]]))));
      await assert.rejects(readFolder(folder), message);
    });
  }
});

describe("watchFolder", () => {
  let clock: FakeClock;
  let logs: string[];
  let seen: ServingCertificate[];
  const look = async (): Promise<void> => {
    await clock.advance(10_000);
    await sleep(30);
    await clock.advance(0);
  };
  const watch = async (names: readonly string[] = ["a.svc"]): Promise<() => void> => {
    clock = createFakeClock();
    logs = [];
    seen = [];
    const write = (data: object, message: string): void => void logs.push(`${message} ${JSON.stringify(data)}`);
    const log: Log = { debug: write, info: write, warn: write, error: write };
    const onChange = async (certificate: ServingCertificate): Promise<void> => void seen.push(certificate);
    const first = await readFolder(folder);
    return watchFolder({ path: folder, first, names, clock, log, pollMs: 10_000, onChange });
  };

  it("sees what a kubelet swapped, once", async () => {
    mount(filesOf(a));
    const stop = await watch();
    await look();
    assert.deepEqual(seen, []);
    mount(filesOf(b));
    await look();
    await look();
    assert.deepEqual(
      seen.map(({ cert }) => cert),
      [b.cert],
    );
    assert.deepEqual(logs, []);
    stop();
    mount(filesOf(a));
    await look();
    assert.equal(seen.length, 1);
  });
  it("goes on with what it has while the files do not fit, and says so once", async () => {
    mount(filesOf(a));
    const stop = await watch();
    mount({ ...filesOf(b), "tls.key": a.key });
    await look();
    assert.deepEqual(logs, []);
    for (let i = 0; i < 3; i++) await look();
    assert.equal(logs.length, 1);
    assert.match(logs[0] ?? "", /the one before is served on .*tls\.key does not match tls\.crt: /);
    assert.deepEqual(seen, []);
    mount(filesOf(b));
    await look();
    assert.equal(seen.length, 1);
    stop();
  });
  it("warns of names that are not covered", async () => {
    mount(filesOf(a));
    (await watch(["a.svc", "b.svc"]))();
    assert.match(logs.join(), /does not cover every name .*"missing":"b\.svc"/);
  });
});
