/** Performs a Dockerfile's steps into a folder, on the machine it runs on and without a container engine. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { DockerfileError, parseDockerfile, type Step } from "./dockerfile.ts";
import { parseIgnore } from "./ignore.ts";
import { sandboxCommand } from "./sandbox.ts";
import {
  type ContainerConfig,
  type CopySource,
  configure,
  copyInto,
  makeStage,
  type Stage,
  variables,
} from "./stage.ts";

export interface Build {
  /** Holds `Dockerfile` and `.dockerignore`; what COPY takes from. */
  readonly context: string;
  /** Must be empty or not there. Afterwards: `rootfs/` and `config.json`, an OCI image configuration without layers. */
  readonly output: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Folders of this machine that stand for cache mounts: target to folder. Others begin empty. */
  readonly caches: ReadonlyMap<string, string>;
  /** What RUN gets of this machine's environment: how to reach the network. */
  readonly machineEnv: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

export interface Image {
  readonly rootfs: string;
  readonly config: ContainerConfig;
}

/**
 * The machine stands in for every image that is pulled from elsewhere: RUN sees the machine's files read-only, over them the
 * stage's own top-level folders, which alone it may write to besides /tmp.
 *
 * @throws {DockerfileError}
 */
export function performDockerfile(build: Build): Image {
  const steps = parseDockerfile(readFileSync(join(build.context, "Dockerfile"), "utf8"));
  const stages: Stage[] = [];
  const scratch = join(build.output, ".stages");
  mkdirSync(scratch, { recursive: true });
  try {
    for (const [index, step] of steps.entries()) {
      build.say(`[${index + 1}/${steps.length}] ${step.text}`);
      const began = performance.now();
      const stage = stages.at(-1);
      if (step.kind === "FROM") stages.push(begin(step, stages, scratch, build));
      else if (stage !== undefined) perform(stage, step, stages, build);
      const seconds = (performance.now() - began) / 1000;
      if (seconds >= 1) build.say(`  (${seconds.toFixed(1)} s)`);
    }
    const last = stages.at(-1);
    if (last === undefined) throw new DockerfileError(1, "there is no stage");
    const rootfs = join(build.output, "rootfs");
    renameSync(last.folder, rootfs);
    const image = { architecture: architecture(), os: "linux", config: last.config };
    writeFileSync(join(build.output, "config.json"), `${JSON.stringify(image, undefined, 2)}\n`);
    return { rootfs, config: last.config };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function begin(step: Step & { kind: "FROM" }, stages: readonly Stage[], scratch: string, { say }: Build): Stage {
  const name = step.name ?? String(stages.length);
  const below = stages.find((stage) => stage.name === step.image);
  if (below === undefined && step.image !== "scratch") say(`  (this machine stands in for ${step.image})`);
  const onMachine = below?.onMachine ?? step.image !== "scratch";
  return makeStage(name, join(scratch, String(stages.length)), onMachine, below);
}

function perform(stage: Stage, step: Step, stages: readonly Stage[], build: Build): void {
  if (step.kind === "RUN") run(stage, step, build);
  else if (step.kind === "COPY") copyInto(stage, step, copySource(step, stages, build.context));
  else if (!configure(stage, step, build.buildArgs))
    throw new DockerfileError(step.line, `cannot perform ${step.kind}`);
}

function copySource(step: Step & { kind: "COPY" }, stages: readonly Stage[], context: string): CopySource {
  if (step.from === undefined) {
    const ignored = parseIgnore(readFileSync(join(context, ".dockerignore"), "utf8"));
    return { folder: context, takes: (path) => !ignored(path) };
  }
  const stage = stages.slice(0, -1).find(({ name }) => name === step.from);
  if (stage === undefined) throw new DockerfileError(step.line, `no stage before is called ${step.from}`);
  return { folder: stage.folder, takes: () => true };
}

const machinePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function run(stage: Stage, step: Step & { kind: "RUN" }, { caches, machineEnv }: Build): void {
  if (!stage.onMachine) throw new DockerfileError(step.line, "nothing can be run in a stage from scratch");
  const uid = Number.parseInt(stage.config.User, 10);
  if (!Number.isInteger(uid)) throw new DockerfileError(step.line, `USER ${stage.config.User}: give a number`);
  const own = readdirSync(stage.folder).map((name) => ({ from: join(stage.folder, name), to: posix.join("/", name) }));
  const kept = step.mounts.flatMap(({ target }) => {
    const from = caches.get(target);
    return from === undefined ? [] : [{ from, to: target }];
  });
  const { command, args, env } = sandboxCommand({
    rootfs: "/",
    user: uid,
    readOnly: true,
    binds: [...own, ...kept].map((bind) => ({ ...bind, readOnly: false })),
    emptyDirs: ["/tmp", ...step.mounts.map(({ target }) => target).filter((target) => !caches.has(target))],
    workdir: stage.config.WorkingDir,
    // The Node of the image that the machine stands in for is the one that runs this.
    env: {
      HOME: "/root",
      PATH: `${dirname(process.execPath)}:${machinePath}`,
      ...machineEnv,
      ...Object.fromEntries(variables(stage)),
    },
    argv: ["/bin/sh", "-c", step.script],
  });
  const ran = spawnSync(command, args, { env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  if (ran.status === 0) return;
  const why = ran.error?.message ?? `${ran.stdout}${ran.stderr}`.trim();
  throw new DockerfileError(step.line, `RUN ended with ${ran.status ?? ran.signal}: ${why}`);
}

/** As the OCI image specification, hence Go, names it. */
function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** Whether an image may be built into the folder. */
export function isFree(output: string): boolean {
  return !existsSync(output) || readdirSync(output).length === 0;
}
