/** The import table of docs/architecture.md, and a checker that reports every file which breaks a row of it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";

export interface Row {
  readonly room: string;
  /** Rooms that it may import. */
  readonly rooms: readonly string[];
  /** Packages that it may import; `node:x` names a module of Node, `*` any. */
  readonly packages: readonly string[];
  /** Whether it may reach for clock, randomness, process, console, timers and network. */
  readonly effects: boolean;
}

const shapes = ["values", "ports", "failures", "api"];
const pure = ["manifest", "merge", "layout", "record", "drift", "consumers"];
const outward = ["values", "ports", "failures", "api"];

export const table: readonly Row[] = [
  { room: "values", rooms: ["api"], packages: [], effects: false },
  { room: "ports", rooms: ["values", "failures", "api"], packages: [], effects: false },
  { room: "failures", rooms: ["api"], packages: [], effects: false },
  { room: "api", rooms: ["failures", "values"], packages: ["ajv", "yaml"], effects: false },
  {
    room: "config",
    rooms: ["failures", "api"],
    packages: ["node:fs", "node:net", "node:path", "node:util"],
    effects: true,
  },
  { room: "manifest", rooms: ["values", "failures", "api"], packages: ["yaml", "node:crypto"], effects: false },
  { room: "merge", rooms: ["values", "failures", "api", "manifest"], packages: ["yaml"], effects: false },
  {
    room: "layout",
    rooms: ["values", "failures", "api", "manifest", "merge"],
    packages: ["yaml", "node:crypto"],
    effects: false,
  },
  {
    room: "record",
    rooms: ["values", "failures", "api", "manifest", "merge"],
    packages: ["yaml", "node:crypto"],
    effects: false,
  },
  {
    room: "drift",
    rooms: ["values", "failures", "api", "manifest", "merge", "record"],
    packages: ["node:crypto"],
    effects: false,
  },
  { room: "consumers", rooms: ["values", "failures", "api", "manifest"], packages: [], effects: false },
  { room: "attribution", rooms: [...shapes, ...pure], packages: ["node:crypto"], effects: false },
  { room: "sync", rooms: [...shapes, ...pure], packages: ["node:crypto"], effects: false },
  { room: "cluster", rooms: outward, packages: ["@kubernetes/client-node", "undici", "node:*"], effects: true },
  { room: "chat", rooms: [...outward, "net"], packages: ["undici", "node:*"], effects: true },
  { room: "net", rooms: outward, packages: ["undici", "node:*"], effects: true },
  {
    room: "git",
    rooms: [...outward, "net"],
    packages: ["isomorphic-git", "undici", "ssh2", "openpgp", "node:*"],
    effects: true,
  },
  { room: "telemetry", rooms: outward, packages: ["pino", "@prometheus-io/client", "node:*"], effects: true },
  {
    room: "webhooks",
    rooms: [...shapes, ...pure],
    packages: ["fastify", "undici", "@peculiar/x509", "reflect-metadata", "node:*"],
    effects: true,
  },
  { room: "cli", rooms: ["*"], packages: ["*"], effects: true },
  { room: "main", rooms: ["*"], packages: ["*"], effects: true },
];

/** Only this room may read the environment and the arguments. */
const configRooms: ReadonlySet<string> = new Set(["config"]);

const effectful: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\s*\(|\bnew Date\s*\(\s*\)|\bperformance\.now\s*\(/, "reads the clock"],
  [/\bMath\.random\s*\(|\brandom(?:UUID|Bytes|Int)\s*\(/, "is random"],
  [/\bconsole\.\w+\s*\(/, "logs"],
  [/\b(?:setTimeout|setInterval|setImmediate)\s*\(/, "sets timers"],
  [/\bfetch\s*\(\s*["'`]/, "uses the network"],
  [/\bprocess\.\w+/, "touches the process"],
];

/** One line per violation: `FILE: what it does, and which row forbids it`. `root` holds `operator/` and `webhooks/`. */
export function checkArchitecture(root: string): readonly string[] {
  const found: string[] = [];
  for (const file of sources(root)) {
    const room = roomOf(file);
    const row = table.find((candidate) => candidate.room === room);
    if (row === undefined) {
      found.push(`${file}: ${room} is no room of the table`);
      continue;
    }
    const text = readFileSync(join(root, file), "utf8");
    for (const target of imports(text)) {
      const complaint = judge(file, row, target);
      if (complaint !== undefined) found.push(`${file}: ${complaint}`);
    }
    const code = withoutComments(text);
    if (!row.effects) {
      for (const [pattern, what] of effectful)
        if (pattern.test(code)) found.push(`${file}: ${room} is pure but ${what}`);
    }
    if (row.effects && !configRooms.has(room) && /\bprocess\.(?:env|argv)\b/.test(code)) {
      found.push(`${file}: only config.ts reads the environment and the arguments`);
    }
  }
  return found;
}

function judge(file: string, row: Row, target: string): string | undefined {
  if (!target.startsWith(".")) {
    const allowed = row.packages.some(
      (name) =>
        name === "*" ||
        name === target ||
        target.startsWith(`${name}/`) ||
        (name === "node:*" && target.startsWith("node:")),
    );
    return allowed ? undefined : `${row.room} may not import the package ${target}`;
  }
  const path = normalize(join(dirname(file), target))
    .split(sep)
    .join("/");
  if (path.startsWith("..")) return `${row.room} may not import ${target}, outside the operator`;
  const room = roomOf(path);
  if (room === row.room || row.rooms.includes("*") || row.rooms.includes(room)) return undefined;
  return `${row.room} may not import ${room} (${target})`;
}

/** `operator/git/pack.ts` is in `git`, `operator/main.ts` in `main`, `webhooks/server.ts` in `webhooks`. */
function roomOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  if (top === "webhooks") return "webhooks";
  return second.replace(/\.[cm]?[jt]s$/, "");
}

function sources(root: string): readonly string[] {
  return ["operator", "webhooks"]
    .flatMap((top) => {
      try {
        return readdirSync(join(root, top), { recursive: true, encoding: "utf8" }).map((name) => join(top, name));
      } catch {
        return [];
      }
    })
    .map((name) => relative(root, join(root, name)).split(sep).join("/"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .toSorted();
}

function imports(text: string): readonly string[] {
  const found = new Set<string>();
  const pattern =
    /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
  for (const match of withoutComments(text).matchAll(pattern)) {
    const target = match[1] ?? match[2] ?? match[3];
    if (target !== undefined) found.add(target);
  }
  return [...found];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
