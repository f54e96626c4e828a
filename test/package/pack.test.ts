import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../harness/install.ts";
import { captureObject } from "../harness/remote-yaml.ts";

interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Ran {
  readonly out: string;
  readonly errors: string;
  readonly code: number | null;
}

const shop = captureObject({ name: "shop", namespace: "default", remote: "platform", path: "shop" });

let folder = "";
let project = "";
let packed: Packed | undefined;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "clickscribe-pack-"));
  project = join(folder, "project");
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "home"));
  mkdirSync(project);
  symlinkSync(process.execPath, join(folder, "bin", "node"));
  const { out, errors, code } = run(root, "npm", ["pack", "--silent", "--json", "--pack-destination", folder]);
  assert.equal(code, 0, errors);
  [packed] = JSON.parse(out) as readonly Packed[];
  assert.ok(packed);
  const install = [
    "install",
    "--omit=dev",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    join(folder, packed.filename),
  ];
  const installed = run(project, "npm", install);
  assert.equal(installed.code, 0, installed.errors);
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the npm package", () => {
  it("holds the compiled JavaScript and what npm asks for", (t) => {
    assert.ok(packed);
    const paths = packed.files.map(({ path }) => path);
    const other = paths.filter((path) => !/^dist\/(?:operator|webhooks)\/.*\.js$/.test(path));
    assert.deepEqual(other.toSorted(), [
      ...["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "operator/cli/bin.mjs"],
      ...["operator/cli/kubectl-clickscribe.mjs", "operator/cli/kubectl_complete-clickscribe.mjs", "package.json"],
    ]);
    assert.deepEqual(
      paths.filter((path) => /test|fixture|fake/i.test(path)),
      [],
    );
    assert.ok(packed.size < 600_000, `${packed.size} bytes`);
    t.diagnostic(`tarball ${packed.size} bytes, unpacked ${packed.unpackedSize} bytes`);
  });

  it("names no file of the machine that built it", () => {
    const installed = join(project, "node_modules", "clickscribe");
    for (const name of readdirSync(installed, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith("js")) continue;
      const text = readFileSync(join(installed, name), "utf8");
      assert.ok(!text.includes(root) && !text.includes("sourceMappingURL"), name);
    }
  });

  it("says its version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    assert.deepEqual(clickscribe(["--version"]), { out: `${version}\n`, errors: "", code: 0 });
  });

  it("helps", () => {
    const { out, errors, code } = clickscribe(["--help"]);
    assert.match(out, /^ {2}plan /m);
    assert.equal(errors, "");
    assert.equal(code, 0);
  });

  it("says what is wrong with a manifest", () => {
    const { out, errors, code } = clickscribe(["plan", "-f", "-"], { ...shop, spec: { path: "shop" } });
    assert.equal(errors, "clickscribe: standard input: Capture shop: spec.remote is required\n");
    assert.deepEqual({ out, code }, { out: "", code: 2 });
  });

  it("says in one line that there is no cluster", () => {
    const { out, errors, code } = clickscribe(["plan", "-f", "-"], shop);
    assert.match(errors, /^clickscribe: .*kubeconfig.*\n$/);
    assert.deepEqual({ out, code }, { out: "", code: 1 });
  });
});

function clickscribe(args: readonly string[], manifest: object = {}): Ran {
  // What npm has to say of its own settings is not of interest here.
  const over = { HOME: join(folder, "home"), npm_config_update_notifier: "false", npm_config_loglevel: "error" };
  return run(project, "npx", ["--no-install", "clickscribe", ...args], over, JSON.stringify(manifest));
}

/** With the Node of these tests, and with nothing of the repository in PATH or in npm's settings. */
function run(cwd: string, command: string, args: readonly string[], over: NodeJS.ProcessEnv = {}, input = ""): Ran {
  const kept = /^npm_config_(?:cache|registry|userconfig|globalconfig)$/;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => kept.test(name) || !/^npm_|^KUBECONFIG$|^NODE_/i.test(name)),
  );
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((part) => !part.startsWith(root));
  const ran = spawnSync(command, args, {
    cwd,
    env: { ...env, PATH: [join(folder, "bin"), ...path].join(delimiter), ...over },
    encoding: "utf8",
    input,
  });
  return { out: ran.stdout, errors: ran.stderr, code: ran.status };
}
