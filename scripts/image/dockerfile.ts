/**
 * Reads a Dockerfile into its instructions. Only what the project's own uses is known; all else is refused with its line, so that
 * nothing is performed otherwise than a container engine would.
 */

export interface CacheMount {
  readonly type: "cache";
  readonly target: string;
}

export type Pair = readonly [name: string, value: string];

export type Instruction =
  | { readonly kind: "FROM"; readonly image: string; readonly name: string | undefined }
  | { readonly kind: "WORKDIR" | "USER"; readonly value: string }
  | {
      readonly kind: "COPY";
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly to: string;
    }
  | { readonly kind: "RUN"; readonly script: string; readonly mounts: readonly CacheMount[] }
  | { readonly kind: "ENV" | "LABEL"; readonly pairs: readonly Pair[] }
  | { readonly kind: "ARG"; readonly name: string; readonly value: string | undefined }
  | { readonly kind: "EXPOSE"; readonly ports: readonly string[] }
  | { readonly kind: "ENTRYPOINT" | "CMD"; readonly argv: readonly string[] };

/** An instruction, the line it begins on (from 1) and how it is written, on one line. */
export type Step = Instruction & { readonly line: number; readonly text: string };

/** `message` is one line that names the line of the Dockerfile. */
export class DockerfileError extends Error {
  constructor(line: number, what: string) {
    super(`Dockerfile line ${line}: ${what}`);
  }
}

/** Variables stand as they are written: `expand` knows their values only when a step is performed. */
export function parseDockerfile(text: string): readonly Step[] {
  const steps = logicalLines(text).map(({ line, text: written }): Step => {
    const [, keyword = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(written) ?? [];
    return { ...instruction(keyword.toUpperCase(), rest, line), line, text: written };
  });
  const [first] = steps;
  if (first === undefined) throw new DockerfileError(1, "there is no instruction");
  if (first.kind !== "FROM") throw new DockerfileError(first.line, "begin with FROM");
  return steps;
}

/** Replaces `$NAME` and `${NAME}`; a variable that has no value is refused. */
export function expand(text: string, values: ReadonlyMap<string, string>, line: number): string {
  return text.replace(/\\\$|\$(?:\{([^}]*)\}|(\w+))/g, (written, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return "$";
    const value = values.get(name);
    if (value === undefined) throw new DockerfileError(line, `${written} has no value: set it with ARG or ENV before`);
    return value;
  });
}

interface LogicalLine {
  readonly line: number;
  readonly text: string;
}

/** Joins lines that end in a backslash; comments are dropped, between them as well. */
function logicalLines(text: string): readonly LogicalLine[] {
  const found: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (/^#\s*escape\s*=/i.test(line)) throw new DockerfileError(index + 1, "the escape directive is not known here");
    if (line === "" || line.startsWith("#")) continue;
    const goesOn = line.endsWith("\\");
    const part = goesOn ? line.slice(0, -1).trimEnd() : line;
    open = open === undefined ? { line: index + 1, text: part } : { ...open, text: `${open.text} ${part}` };
    if (goesOn) continue;
    found.push(open);
    open = undefined;
  }
  if (open !== undefined) throw new DockerfileError(open.line, "the last line ends in a backslash");
  return found;
}

function instruction(keyword: string, rest: string, line: number): Instruction {
  if (rest === "") throw new DockerfileError(line, `${keyword} says nothing`);
  switch (keyword) {
    case "FROM":
      return from(rest, line);
    case "COPY":
      return copy(rest, line);
    case "RUN":
      return run(rest, line);
    case "WORKDIR":
    case "USER":
      return { kind: keyword, value: oneWord(keyword, rest, line) };
    case "ENV":
    case "LABEL":
      return { kind: keyword, pairs: pairs(keyword, rest, line) };
    case "ARG": {
      const [, name, , value] = /^(\w+)(=(.*))?$/.exec(oneWord(keyword, rest, line)) ?? [];
      if (name === undefined) throw new DockerfileError(line, "write ARG NAME or ARG NAME=DEFAULT");
      return { kind: "ARG", name, value };
    }
    case "EXPOSE":
      return { kind: "EXPOSE", ports: words(rest, line) };
    case "ENTRYPOINT":
    case "CMD":
      return { kind: keyword, argv: execForm(keyword, rest, line) };
    default:
      throw new DockerfileError(line, `${keyword} is not known here`);
  }
}

function from(rest: string, line: number): Instruction {
  const [image = "", as, name, ...more] = words(rest, line);
  if (image.startsWith("--")) throw new DockerfileError(line, `FROM ${image.split("=")[0]} is not known here`);
  if (as !== undefined && (as.toUpperCase() !== "AS" || name === undefined || more.length > 0)) {
    throw new DockerfileError(line, "write FROM IMAGE or FROM IMAGE AS NAME");
  }
  return { kind: "FROM", image, name };
}

function copy(rest: string, line: number): Instruction {
  const { flags, rest: operands } = takeFlags(rest);
  let stage: string | undefined;
  for (const [name, value] of flags) {
    if (name !== "from") throw new DockerfileError(line, `COPY --${name} is not known here`);
    stage = value;
  }
  if (operands.startsWith("[") || operands.includes("<<")) {
    throw new DockerfileError(line, "write COPY SOURCE... TARGET, without brackets and here-documents");
  }
  const sources = words(operands, line);
  const to = sources.pop();
  if (to === undefined || sources.length === 0) throw new DockerfileError(line, "COPY needs a source and a target");
  const wild = sources.find((source) => /[*?[]/.test(source));
  if (wild !== undefined) throw new DockerfileError(line, `COPY ${wild}: name each file, patterns are not known here`);
  if (sources.length > 1 && !to.endsWith("/")) {
    throw new DockerfileError(line, `COPY of several sources needs a target that ends in /, and this is ${to}`);
  }
  return { kind: "COPY", from: stage, sources, to };
}

function run(rest: string, line: number): Instruction {
  const { flags, rest: script } = takeFlags(rest);
  const mounts = flags.map(([name, value]): CacheMount => {
    const target = /^type=cache,target=(\/[^,]+)$/.exec(value)?.[1];
    if (name !== "mount" || target === undefined) {
      throw new DockerfileError(line, `RUN --${name} is not known here but as --mount=type=cache,target=/FOLDER`);
    }
    return { type: "cache", target };
  });
  if (script.startsWith("[") || script.includes("<<")) {
    throw new DockerfileError(line, "write RUN as shell commands, without brackets and here-documents");
  }
  return { kind: "RUN", script, mounts };
}

function takeFlags(text: string): { readonly flags: readonly Pair[]; readonly rest: string } {
  const flags: Pair[] = [];
  let rest = text;
  for (;;) {
    const [whole, name, value] = /^--([\w-]+)(?:=(\S*))?\s*/.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return { flags, rest };
    flags.push([name, value ?? ""]);
    rest = rest.slice(whole.length);
  }
}

function execForm(keyword: string, rest: string, line: number): readonly string[] {
  const complain = (): never => {
    throw new DockerfileError(line, `write ${keyword} as a JSON list of strings: there is no shell in the image`);
  };
  try {
    const list: unknown = JSON.parse(rest);
    return Array.isArray(list) && list.every((word) => typeof word === "string") ? list : complain();
  } catch {
    return complain();
  }
}

function pairs(keyword: string, rest: string, line: number): readonly Pair[] {
  return words(rest, line).map((word): Pair => {
    const at = word.indexOf("=");
    if (at < 1) throw new DockerfileError(line, `write ${keyword} NAME=VALUE, and this is ${word}`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function oneWord(keyword: string, rest: string, line: number): string {
  const [word = "", ...more] = words(rest, line);
  if (more.length > 0) throw new DockerfileError(line, `${keyword} takes one word`);
  return word;
}

/** Splits at blanks outside of double quotes, which are dropped. */
function words(text: string, line: number): string[] {
  if (/[\\']/.test(text)) throw new DockerfileError(line, "only double quotes are known here, and no backslash");
  if ((text.match(/"/g)?.length ?? 0) % 2 === 1) throw new DockerfileError(line, "a quote is not closed");
  return (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ""));
}
