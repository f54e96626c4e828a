import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Said, say as tell } from "../../test/fakes/command-line.ts";
import type { Config, PlanConfig } from "../config.ts";
import { stalled } from "../failures.ts";
import type { PlanResult } from "../sync/plan-result.ts";
import type { Actions } from "./actions.ts";
import type { PlanInput } from "./read-specs.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const bin = join(root, "operator", "cli", "bin.mjs");
const runFlags = ["--cluster-name", "prod", "--no-webhook", "--kubeconfig", "k"];

const nothingToWrite: PlanResult = {
  capture: { namespace: "shop", name: "shop" },
  remote: "https://h/r.git",
  branch: "main",
  path: "a",
  wouldWrite: [],
  unchanged: 2,
  skipped: {},
  refused: [],
  notWatched: [],
};

const none: Actions = {
  run: () => assert.fail("run was called"),
  plan: () => assert.fail("plan was called"),
};

function say(argv: readonly string[], actions: Partial<Actions> = {}): Promise<Said> {
  return tell(argv, undefined, { actions: { ...none, ...actions } });
}

describe("the command line", () => {
  for (const argv of [["--help"], ["-h"], ["help"], []]) {
    it(`helps when told ${JSON.stringify(argv)}`, async () => {
      const { code, out } = await say(argv);
      assert.equal(code, 0);
      assert.match(out, /^clickscribe 1\.2\.3 [^]*\n {2}plan [^]*\n {2}run /);
    });
  }

  for (const argv of [
    ["run", "--help"],
    ["help", "run"],
    ["run", "--cluster-name", "a", "-h"],
  ]) {
    it(`helps with a command when told ${argv.join(" ")}`, async () => {
      const { code, out } = await say(argv);
      assert.equal(code, 0);
      assert.match(out, /^clickscribe run: [^]*--cluster-name NAME [^]*required[^]*CLICKSCRIBE_CLUSTER_NAME/);
      assert.ok(out.split("\n").every((line) => line.length <= 80 && !line.endsWith(" ")));
    });
  }

  it("tells its version", async () => assert.deepEqual(await say(["--version"]), { code: 0, out: "1.2.3\n", err: "" }));

  const typos: readonly (readonly [argv: string, complaint: string])[] = [
    ["plna -f x", 'there is no command "plna": did you mean clickscribe plan?'],
    ["--quiet", 'there is no flag "--quiet": see clickscribe --help'],
    ["help me", 'there is no command "me": see clickscribe --help'],
    ["plan -f x --quiet", "plan has no flag --quiet: see clickscribe plan --help"],
    ["plan -f x --contxt=y", "plan has no flag --contxt: did you mean --context?"],
    ["plan -f", "-f needs a value: -f FILE"],
    ["plan -f a b", 'plan takes no argument "b": see clickscribe plan --help'],
    ["plan -f a -o xml", '--output must be one of text, json, not "xml"'],
  ];
  for (const [argv, complaint] of typos) {
    it(`answers ${argv} in one line`, async () => {
      assert.deepEqual(await say(argv.split(" ")), { code: 2, out: "", err: `clickscribe: ${complaint}\n` });
    });
  }

  it("says all that is wrong, a line each", async () => {
    const { code, err } = await say(["run", "--http-port", "x", "--log-level", "x"]);
    assert.equal(code, 2);
    assert.equal(err.trimEnd().split("\n").length, 4);
  });

  it("gives run its configuration", async () => {
    let given: Config | undefined;
    const { code } = await say(["run", ...runFlags], { run: async (config) => void (given = config) });
    assert.equal(code, 0);
    assert.equal(given?.clusterName, "prod");
  });

  describe("plan", () => {
    const folder = mkdtempSync(join(tmpdir(), "clickscribe-plan-"));
    const file = join(folder, "capture.yaml");
    const capture =
      "apiVersion: clickscribe.dev/v1alpha1\nkind: Capture\nmetadata: {name: shop}\nspec: {remote: {name: a}, path: a}\n";
    writeFileSync(file, capture);
    after(() => rmSync(folder, { recursive: true }));

    it("prints for people and for programs", async () => {
      const plan: Partial<Actions> = { plan: () => Promise.resolve(nothingToWrite) };
      assert.match((await say(["plan", "-f", file], plan)).out, /^Capture shop\/shop would write to a on main/);
      assert.deepEqual(JSON.parse((await say(["plan", "-f", file, "-o", "json"], plan)).out), nothingToWrite);
    });

    it("hands on the Capture with its defaults, in the namespace that was asked for", async () => {
      let given: PlanInput | undefined;
      const plan = async (_: PlanConfig, input: PlanInput): Promise<PlanResult> => {
        given = input;
        return nothingToWrite;
      };
      await say(["plan", "-f", file, "-n", "shop"], { plan });
      assert.equal(given?.capture.metadata.namespace, "shop");
      assert.equal(given?.capture.spec.layout?.mode, "Neighbours");
    });

    const wrong: readonly (readonly [what: string, text: string | undefined, complaint: string])[] = [
      ["no such file", undefined, "there is no such file"],
      ["a wrong spec", capture.replace("path: a", "path: 1"), "Capture shop: spec.path must be string"],
      ["no Capture", "", "give one Capture to plan; there are 0"],
      ["two Captures", `${capture}---\n${capture}`, "give one Capture to plan; there are 2"],
    ];
    for (const [what, text, complaint] of wrong) {
      it(`refuses ${what}`, async () => {
        const path = join(folder, "wrong.yaml");
        if (text === undefined) rmSync(path, { force: true });
        else writeFileSync(path, text);
        assert.deepEqual(await say(["plan", "-f", path]), {
          code: 2,
          out: "",
          err: `clickscribe: ${path}: ${complaint}\n`,
        });
      });
    }
  });

  it("says what failed and what to do in one line, without secrets", async () => {
    const run = (): Promise<void> =>
      Promise.reject(stalled("AuthenticationFailed", "https://bot:hunter2@h/r:\nanswered 401"));
    assert.deepEqual(await say(["run", ...runFlags], { run }), {
      code: 1,
      out: "",
      err: "clickscribe: https://h/r: answered 401. Renew the password or token in the Secret.\n",
    });
  });

  it("shows where an unexpected error comes from at debug only", async () => {
    const run = (): Promise<void> => Promise.reject(new TypeError("x is not\na function"));
    const short = await say(["run", ...runFlags], { run });
    assert.equal(short.code, 1);
    assert.equal(short.err, "clickscribe: unexpected: x is not a function (run --log-level debug shows where)\n");
    const long = await say(["run", ...runFlags, "--log-level", "debug"], { run });
    assert.match(long.err, /^clickscribe: unexpected: x is not a function\nTypeError: [^]*\n +at .*cli\.test\.ts/);
  });
});

describe("the executable", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };

  it("runs from the sources", () => {
    assert.equal(execFileSync(process.execPath, [bin, "--version"], { encoding: "utf8" }), `${version}\n`);
  });

  it("hands its exit code on", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "nothing"], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^clickscribe: there is no command "nothing".*\n$/);
  });

  it("says what a checkout without packages needs", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "clickscribe-checkout-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const cli = join(folder, "operator", "cli");
    mkdirSync(cli, { recursive: true });
    copyFileSync(bin, join(cli, "bin.mjs"));
    writeFileSync(join(cli, "cli.ts"), "");
    const { status, stderr } = spawnSync(process.execPath, [join(cli, "bin.mjs"), "get"], { encoding: "utf8" });
    assert.deepEqual([status, stderr], [1, "clickscribe: this checkout has no packages yet: run npm ci\n"]);
  });

  it("does not mind a reader who has enough", () => {
    const { status, stderr } = spawnSync("/bin/sh", ["-c", '"$0" "$1" run --help | head -c 1', process.execPath, bin]);
    assert.deepEqual([status, String(stderr)], [0, ""]);
  });

  // There is no such device elsewhere.
  if (process.platform === "linux")
    it("says in one line that its output cannot be written", () => {
      const { status, stderr } = spawnSync("/bin/sh", [
        "-c",
        '"$0" "$1" run --help > /dev/full',
        process.execPath,
        bin,
      ]);
      assert.deepEqual([status, String(stderr)], [1, "clickscribe: standard output cannot be written (ENOSPC)\n"]);
    });
});
