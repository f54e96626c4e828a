/** The alerts by the real promtool: their syntax, and that each fires and is over again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { resolvePart } from "./parts/parts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the alerts", () => {
  let promtool = "";
  before(async () => {
    promtool = await resolvePart("promtool");
  });

  for (const args of [
    ["check", "rules", "--lint=all", "--lint-fatal", "charts/clickscribe/files/alerts/clickscribe.yaml"],
    ["test", "rules", "test/fixtures/alerts/clickscribe.test.yaml"],
  ]) {
    it(`promtool ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: root, encoding: "utf8" });
      assert.equal(status, 0, stdout + stderr);
    });
  }
});
