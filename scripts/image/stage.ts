/** One stage of a Dockerfile: a folder with its files, and what its instructions have set so far. */
import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { DockerfileError, expand, type Step } from "./dockerfile.ts";

/** The names of the OCI image specification's `config`. */
export interface ContainerConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  ExposedPorts: Record<string, object>;
  Labels: Record<string, string>;
}

export interface Stage {
  readonly name: string;
  readonly folder: string;
  /** Whether this machine stands below its files; otherwise nothing does, and nothing can be run in it. */
  readonly onMachine: boolean;
  readonly config: ContainerConfig;
  /** What ARG has set. */
  readonly args: Map<string, string>;
}

/** A new stage on `below`, a stage before it, with its files and settings; `undefined` is an image from elsewhere. */
export function makeStage(name: string, folder: string, onMachine: boolean, below: Stage | undefined): Stage {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (below !== undefined) copyTree(below.folder, folder, () => true);
  const config = below?.config ?? {
    ...{ User: "0:0", Env: [], Entrypoint: [], Cmd: [], WorkingDir: "/", ExposedPorts: {}, Labels: {} },
  };
  return { name, folder, onMachine, config: structuredClone(config), args: new Map() };
}

/** What ENV and ARG have set, as an instruction after them sees it. */
export function variables(stage: Stage): ReadonlyMap<string, string> {
  const env = stage.config.Env.map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return new Map([...stage.args, ...env]);
}

/** Performs an instruction that sets something. Answers whether it is one. */
export function configure(stage: Stage, step: Step, buildArgs: ReadonlyMap<string, string>): boolean {
  const { config } = stage;
  const value = (text: string): string => expand(text, variables(stage), step.line);
  switch (step.kind) {
    case "WORKDIR":
      config.WorkingDir = posix.resolve(config.WorkingDir, value(step.value));
      mkdirSync(join(stage.folder, config.WorkingDir), { recursive: true, mode: 0o755 });
      return true;
    case "USER":
      config.User = value(step.value);
      return true;
    case "ENV":
      for (const [name, text] of step.pairs) {
        config.Env = [...config.Env.filter((entry) => !entry.startsWith(`${name}=`)), `${name}=${value(text)}`];
      }
      return true;
    case "LABEL":
      for (const [name, text] of step.pairs) config.Labels[name] = value(text);
      return true;
    case "ARG": {
      const given = buildArgs.get(step.name) ?? (step.value === undefined ? undefined : value(step.value));
      if (given !== undefined) stage.args.set(step.name, given);
      return true;
    }
    case "EXPOSE":
      for (const port of step.ports) config.ExposedPorts[port.includes("/") ? port : `${port}/tcp`] = {};
      return true;
    case "ENTRYPOINT":
      config.Entrypoint = [...step.argv];
      config.Cmd = [];
      return true;
    case "CMD":
      config.Cmd = [...step.argv];
      return true;
    default:
      return false;
  }
}

/** Where COPY takes from: a folder, and which of its paths (relative, with slashes) it may take. */
export interface CopySource {
  readonly folder: string;
  readonly takes: (path: string) => boolean;
}

export function copyInto(stage: Stage, step: Step & { readonly kind: "COPY" }, from: CopySource): void {
  for (const source of step.sources) {
    const path = posix.normalize(source).replace(/^\/+|\/+$/g, "") || ".";
    const absolute = join(from.folder, path);
    if (path.startsWith("..") || !existsSync(absolute) || (path !== "." && !from.takes(path))) {
      throw new DockerfileError(step.line, `there is no ${source} to copy`);
    }
    const isFolder = statSync(absolute).isDirectory();
    const target = join(stage.folder, posix.resolve(stage.config.WorkingDir, step.to));
    const into = step.to.endsWith("/") && !isFolder ? join(target, basename(path)) : target;
    mkdirSync(isFolder ? into : join(into, ".."), { recursive: true, mode: 0o755 });
    copyTree(absolute, into, (inner) => from.takes(posix.join(path, inner)));
  }
}

/** `takes` is asked for every path below, relative to `from`. */
function copyTree(from: string, to: string, takes: (path: string) => boolean): void {
  cpSync(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path === from || takes(path.slice(from.length + 1)),
  });
}
