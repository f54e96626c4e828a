import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkArchitecture, table } from "./architecture.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

describe("the import table", () => {
  it("holds in the project", () => {
    assert.deepEqual(checkArchitecture(root), []);
  });
});

/** Each breaks its row once; the second text is what must be reported. */
const violations: readonly (readonly [file: string, source: string, complaint: string])[] = [
  ["operator/values.ts", 'import type { Port } from "./ports.ts";', "values may not import ports"],
  ["operator/ports.ts", 'import { clean } from "./manifest/clean.ts";', "ports may not import manifest"],
  ["operator/failures.ts", 'import pino from "pino";', "failures may not import the package pino"],
  ["operator/api/reasons.ts", 'import { git } from "../git/index.ts";', "api may not import git"],
  ["operator/config.ts", 'import { run } from "./sync/controller.ts";', "config may not import sync"],
  ["operator/manifest/clean.ts", 'import { decide } from "../merge/decide.ts";', "manifest may not import merge"],
  ["operator/merge/decide.ts", 'import { locate } from "../layout/locate.ts";', "merge may not import layout"],
  ["operator/layout/locate.ts", 'import { readFileSync } from "node:fs";', "layout may not import the package node:fs"],
  ["operator/record/meta.ts", "export const at = Date.now();", "record is pure but reads the clock"],
  ["operator/drift/book.ts", "export const at = Date.now();", "drift is pure but reads the clock"],
  ["operator/consumers/source.ts", 'import { serial } from "../sync/serial.ts";', "consumers may not import sync"],
  [
    "operator/attribution/join.ts",
    'export { server } from "../../webhooks/server.ts";',
    "attribution may not import webhooks",
  ],
  ["operator/sync/capture.ts", 'import { pack } from "../git/pack.ts";', "sync may not import git"],
  ["operator/cluster/http.ts", 'import { pack } from "../git/pack.ts";', "cluster may not import git"],
  ["operator/net/connections.ts", 'import { pack } from "../git/pack.ts";', "net may not import git"],
  ["operator/chat/slack.ts", 'import { pack } from "../git/pack.ts";', "chat may not import git"],
  [
    "operator/git/http.ts",
    'const k = await import("@kubernetes/client-node");',
    "git may not import the package @kubernetes/client-node",
  ],
  ["operator/telemetry/log.ts", "export const level = process.env.LEVEL;", "only config.ts reads the environment"],
  [
    "webhooks/server.ts",
    'import { Controller } from "../operator/sync/controller.ts";',
    "webhooks may not import sync",
  ],
  ["operator/cli/run.ts", "export const argv = process.argv;", "only config.ts reads the environment"],
  ["operator/main.ts", "export const token = process.env.TOKEN;", "only config.ts reads the environment"],
  ["operator/utils/text.ts", "export {};", "utils is no room of the table"],
];

describe("a tree that breaks each row", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "clickscribe-architecture-"));
    for (const [file, source] of violations) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${source}\n`);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("has a violation for every row of the table", () => {
    const rooms = new Set(
      violations.map(([file]) => (file.startsWith("webhooks/") ? "webhooks" : file.split("/")[1]?.replace(".ts", ""))),
    );
    for (const { room } of table) assert.ok(rooms.has(room), `no violation for ${room}`);
  });
  for (const [file, , complaint] of violations) {
    it(`is told that ${complaint}`, () => {
      const found = checkArchitecture(folder).filter((line) => line.startsWith(`${file}: `));
      assert.equal(found.length, 1, found.join("\n"));
      assert.ok(found[0]?.includes(complaint), found[0]);
    });
  }
  it("is not told anything of a comment or a string", () => {
    const quiet = join(folder, "quiet");
    mkdirSync(join(quiet, "operator", "merge"), { recursive: true });
    writeFileSync(
      join(quiet, "operator", "merge", "a.ts"),
      '// import { x } from "../git/index.ts"\n/* Date.now() */\nexport {};\n',
    );
    assert.deepEqual(checkArchitecture(quiet), []);
  });
});
