import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { KUBERNETES_VERSION, platformName } from "../../control-plane/pins.ts";
import { NEEDED_BY } from "./needed-by.ts";
import { goParts, isCached, type PartOptions, resolvePart } from "./parts.ts";
import { GO_GIT_VERSION, HELM_VERSION, PREVIOUS_KUBERNETES_VERSION, SIGS_YAML_VERSION } from "./pins.ts";

let folder: string;
let cache: string;
let bin: string;
let lines: string[];

before(() => {
  folder = mkdtempSync(join(tmpdir(), "clickscribe-parts-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  cache = mkdtempSync(join(folder, "cache-"));
  bin = mkdtempSync(join(folder, "bin-"));
  lines = [];
});

const progress = (line: string): void => void lines.push(line);
const options = (): PartOptions => ({ progress, env: { PATH: `${bin}:/usr/bin:/bin`, CLICKSCRIBE_CACHE: cache } });
const calls = (): string[] => readFileSync(join(bin, "calls"), "utf8").trim().split("\n");

/**
 * Stands in for the compiler: records its arguments and does `build` with the file named by -o as `$out`. What is
 * downloaded stands in `module`.
 */
function fakeGo(build: string, module = ""): void {
  writeFileSync(
    join(bin, "go"),
    `#!/bin/sh
if [ "$1" = env ]; then echo go9.9; exit 0; fi
if [ "$1" = mod ]; then echo '${JSON.stringify({ Dir: module })}'; exit 0; fi
echo "$PWD $*" >> "${bin}/calls"
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out=$2; fi; shift; done
${build}
`,
  );
  chmodSync(join(bin, "go"), 0o755);
}

describe("resolvePart", () => {
  it("builds a part from its module, keeps it, and answers at once the next time", async () => {
    fakeGo('echo built > "$out"');
    assert.equal(await isCached("helm", options()), false);
    const path = await resolvePart("helm", options());
    assert.equal(path, join(cache, "parts", `helm-${HELM_VERSION}-${platformName()}`, "helm"));
    assert.equal(readFileSync(path, "utf8"), "built\n");
    assert.match(calls()[0] ?? "", /parts\/go\/helm build .*-mod=readonly .* helm\.sh\/helm\/v4\/cmd\/helm$/u);
    assert.match(lines.join("\n"), /real parts: .*helm v4.*: built in \d+ s/u);

    rmSync(join(bin, "go"));
    lines = [];
    assert.equal(await isCached("helm", options()), true);
    assert.equal(await resolvePart("helm", options()), path);
    assert.deepEqual(lines, []);
  });

  it("tells the previous kube-apiserver its version", async () => {
    fakeGo('echo built > "$out"');
    await resolvePart("previous-kube-apiserver", options());
    assert.ok(calls()[0]?.includes(`-X k8s.io/component-base/version.gitVersion=${PREVIOUS_KUBERNETES_VERSION}`));
  });

  it("keeps what Gitea reads while it runs beside it, also where a build failed before", async () => {
    const module = mkdtempSync(join(folder, "module-"));
    for (const name of ["options", "public", "templates"]) {
      mkdirSync(join(module, name, "inner"), { recursive: true });
      writeFileSync(join(module, name, "inner/file"), name, { mode: 0o444 });
    }
    fakeGo("exit 1", module);
    await assert.rejects(resolvePart("gitea", options()), /failed/u);
    assert.equal(await isCached("gitea", options()), false);
    fakeGo('echo "cgo $CGO_ENABLED" > "$out"', module);
    const path = await resolvePart("gitea", options());
    assert.equal(readFileSync(path, "utf8"), "cgo 1\n");
    const file = join(dirname(path), "options/inner/file");
    assert.equal(readFileSync(file, "utf8"), "options");
    assert.equal(statSync(file).mode & 0o777, 0o644);
    assert.deepEqual(readdirSync(dirname(path)), ["gitea", "options", "public", "templates"]);
  });

  it("builds once when two ask at the same time", async () => {
    fakeGo('sleep 0.3; echo built > "$out"');
    const both = await Promise.all([resolvePart("helm", options()), resolvePart("helm", options())]);
    assert.equal(both[0], both[1]);
    assert.equal(calls().length, 1);
  });

  it("says what go said when a build fails, and that there is no go", async () => {
    fakeGo('echo "proxy: no route to host" >&2; exit 3');
    const said = /go build of helm failed after \d+ s with exit code 3: proxy: no route to host/u;
    await assert.rejects(resolvePart("helm", options()), said);
    // An empty PATH: where go is installed, it may be installed anywhere.
    const env = { ...options().env, PATH: mkdtempSync(join(folder, "none-")) };
    await assert.rejects(resolvePart("helm", { ...options(), env }), /no `go` on the PATH/u);
    assert.equal(await isCached("helm", options()), false);
  });

  it("ends a build that takes longer than it may, with all that it started", async () => {
    fakeGo(`sleep 60 & echo $! > "${bin}/pid"; wait`);
    const started = Date.now();
    await assert.rejects(resolvePart("helm", { ...options(), limitMs: 700 }), /was ended after .*no time is left/u);
    assert.ok(Date.now() - started < 10_000);
    const pid = Number(readFileSync(join(bin, "pid"), "utf8"));
    const running = (): boolean => existsSync(`/proc/${pid}`);
    for (const deadline = Date.now() + 5_000; running() && Date.now() < deadline; ) await sleep(20);
    assert.equal(running(), false);
    assert.deepEqual(readdirSync(join(cache, "parts", `helm-${HELM_VERSION}-${platformName()}`)), []);
  });
});

describe("the parts' pins", () => {
  it("are the versions that the Go modules require", () => {
    const own: readonly string[] = ["go-git-read", "yaml-to-json"];
    for (const { name, module: at, package: built, version } of Object.values(goParts)) {
      if (own.includes(name)) continue;
      const text = readFileSync(join(at, "go.mod"), "utf8");
      const [module] = built.split(/\/cmd(?:\/|$)/u);
      assert.ok(text.includes(`\t${module} ${version} `), name);
      assert.ok(text.includes(`tool ${built}\n`), name);
    }
    const yaml = readFileSync(join(goParts["yaml-to-json"].module, "go.mod"), "utf8");
    assert.ok(yaml.includes(`require sigs.k8s.io/yaml ${SIGS_YAML_VERSION}\n`));
    const goGit = readFileSync(join(goParts["go-git-read"].module, "go.mod"), "utf8");
    assert.ok(goGit.includes(`require github.com/go-git/go-git/v5 ${GO_GIT_VERSION}\n`));
    const kubernetes = readFileSync(join(goParts["previous-kube-apiserver"].module, "go.mod"), "utf8");
    assert.ok(kubernetes.includes(`k8s.io/api ${PREVIOUS_KUBERNETES_VERSION.replace("v1.", "v0.")}`));
  });

  it("name the minor version before the control plane's", () => {
    const minor = (version: string): number => Number(version.split(".")[1]);
    assert.equal(minor(PREVIOUS_KUBERNETES_VERSION), minor(KUBERNETES_VERSION) - 1);
  });
});

describe("NEEDED_BY", () => {
  it("has each heavy test file, and no other", () => {
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    assert.deepEqual(Object.keys(NEEDED_BY).toSorted(), globSync("test/real/*.test.ts", { cwd: root }).toSorted());
  });
});
