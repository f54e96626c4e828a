import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { expand, parseDockerfile, type Step } from "../../scripts/image/dockerfile.ts";
import { root } from "../harness/install.ts";

describe("parseDockerfile", () => {
  it("reads the instructions with their lines", () => {
    const text = [
      "# syntax=docker/dockerfile:1",
      "from node:24@sha256:abc AS build",
      "WORKDIR /app",
      "COPY --from=base a b ./",
      "RUN --mount=type=cache,target=/root/.npm npm ci \\",
      "  # between",
      " && echo '$HOME \\n'",
      'LABEL a="b c" d=e',
      "ARG REVISION=none",
      "USER 1:2",
      "EXPOSE 80 443",
      'ENTRYPOINT ["/node", "a b"]',
    ].join("\n");
    const steps = parseDockerfile(text).map(withoutText);
    assert.deepEqual(steps, [
      { line: 2, kind: "FROM", image: "node:24@sha256:abc", name: "build" },
      { line: 3, kind: "WORKDIR", value: "/app" },
      { line: 4, kind: "COPY", from: "base", sources: ["a", "b"], to: "./" },
      {
        line: 5,
        kind: "RUN",
        script: "npm ci && echo '$HOME \\n'",
        mounts: [{ type: "cache", target: "/root/.npm" }],
      },
      {
        line: 8,
        kind: "LABEL",
        pairs: [
          ["a", "b c"],
          ["d", "e"],
        ],
      },
      { line: 9, kind: "ARG", name: "REVISION", value: "none" },
      { line: 10, kind: "USER", value: "1:2" },
      { line: 11, kind: "EXPOSE", ports: ["80", "443"] },
      { line: 12, kind: "ENTRYPOINT", argv: ["/node", "a b"] },
    ]);
  });

  const refused: readonly (readonly [text: string, message: string])[] = [
    ["", "line 1: there is no instruction"],
    ["RUN true", "line 1: begin with FROM"],
    ["FROM --platform=linux/arm64 a", "line 1: FROM --platform is not known here"],
    ["FROM a b", "line 1: write FROM IMAGE or FROM IMAGE AS NAME"],
    ["FROM a\nADD x y", "line 2: ADD is not known here"],
    ["FROM a\n\nWORKDIR", "line 3: WORKDIR says nothing"],
    ["FROM a\nCOPY --chown=1 x y", "line 2: COPY --chown is not known here"],
    ["FROM a\nCOPY x", "line 2: COPY needs a source and a target"],
    ["FROM a\nCOPY *.ts y/", "line 2: COPY *.ts: name each file, patterns are not known here"],
    ["FROM a\nCOPY x y z", "line 2: COPY of several sources needs a target that ends in /, and this is z"],
    ["FROM a\nCOPY <<EOT /x", "line 2: write COPY SOURCE... TARGET, without brackets and here-documents"],
    [
      "FROM a\nRUN --network=none x",
      "line 2: RUN --network is not known here but as --mount=type=cache,target=/FOLDER",
    ],
    ["FROM a\nRUN <<EOT", "line 2: write RUN as shell commands, without brackets and here-documents"],
    ["FROM a\nCMD run", "line 2: write CMD as a JSON list of strings: there is no shell in the image"],
    ["FROM a\nENV A b", "line 2: write ENV NAME=VALUE, and this is A"],
    ["FROM a\nENV A='b'", "line 2: only double quotes are known here, and no backslash"],
    ['FROM a\nENV A="b', "line 2: a quote is not closed"],
    ["FROM a\nUSER 1 2", "line 2: USER takes one word"],
    ["FROM a\nRUN x \\", "line 2: the last line ends in a backslash"],
    ["# escape=`\nFROM a", "line 1: the escape directive is not known here"],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseDockerfile(text), { message: `Dockerfile ${message}` });
    });
  }
});

describe("expand", () => {
  it("puts values in, and refuses what has none", () => {
    const values = new Map([["A", "1"]]);
    assert.equal(expand("$A ${A}b \\$A", values, 7), "1 1b $A");
    assert.throws(() => expand("${B}", values, 7), {
      message: "Dockerfile line 7: ${B} has no value: set it with ARG or ENV before",
    });
  });
});

describe("the Dockerfile", () => {
  const steps = parseDockerfile(readFileSync(join(root, "Dockerfile"), "utf8"));

  it("pins every image by digest", () => {
    const stages = new Set(steps.flatMap((step) => (step.kind === "FROM" ? [step.name] : [])));
    for (const step of steps) {
      if (step.kind !== "FROM" || step.image === "scratch" || stages.has(step.image)) continue;
      assert.match(step.image, /:[\w.-]+@sha256:[0-9a-f]{64}$/);
    }
  });

  it("gives the last stage no file with the mode that the checkout has", () => {
    const last = steps.slice(steps.findLastIndex(({ kind }) => kind === "FROM"));
    const copies = last.flatMap((step) => (step.kind === "COPY" ? [step] : []));
    assert.ok(copies.length > 0);
    assert.deepEqual(
      copies.filter(({ from }) => from === undefined).map(({ text }) => text),
      [],
    );
  });

  it("is labelled with the package's version", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    const labels = new Map(steps.flatMap((step) => (step.kind === "LABEL" ? step.pairs : [])));
    assert.equal(labels.get("org.opencontainers.image.version"), version);
  });
});

function withoutText(step: Step): object {
  const { text, ...rest } = step;
  assert.notEqual(text, "");
  return rest;
}
