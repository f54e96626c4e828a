/**
 * One changed file, committed and pushed into repositories of 200 to 100,000 files: ours, the git CLI and
 * isomorphic-git, in turn, to branches of their own in the same repository of the same server. Of isomorphic-git its
 * push alone counts, of the others the commit too.
 */
import { fork } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runGit } from "../git/git-cli.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import type { PushSample } from "./push-client.ts";
import type { Bench, BenchCase } from "./report.ts";
import { benchCase, percentile } from "./report.ts";

interface Shape {
  readonly name: string;
  /** `[namespaces, kinds in each, objects of each kind]`. */
  readonly counts: readonly [number, number, number];
}

const shapes: readonly Shape[] = [
  { name: "200 files", counts: [2, 0, 100] },
  { name: "2,000 files", counts: [20, 0, 100] },
  { name: "20,000 files", counts: [200, 0, 100] },
  { name: "20,000 files in 4,200 folders", counts: [200, 20, 5] },
  { name: "100,000 files", counts: [1_000, 0, 100] },
];

/** What one client took for a push, medians. */
interface Figures {
  readonly ms: number;
  readonly cpuMs: number;
  readonly bytes: number;
  /** From the push's commands at the server until git http-backend had performed it. */
  readonly serverMs: number;
  readonly resident: number;
  readonly peak: number;
}

type Client = "ours" | "git" | "isomorphic-git";
type Row = Readonly<Record<Client, Figures>>;

export const push: Bench = async ({ progress, quick }) => {
  await using stack = new AsyncDisposableStack();
  const server = await startGitServer();
  stack.defer(() => server.stop());
  const scratch = await mkdtemp(join(tmpdir(), "clickscribe-bench-"));
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  const rows: (readonly [string, Row])[] = [];
  for (const [index, shape] of (quick ? shapes.slice(0, 2) : shapes).entries()) {
    progress(`repository of ${shape.name}`);
    const repository = await server.createRepository(`push-${index}`, { files: filesOf(shape) });
    const folder = join(scratch, `${index}`);
    rows.push([shape.name, await compare(server, repository, folder, quick ? 3 : 11, progress)]);
    await rm(folder, { recursive: true, force: true });
  }
  return rows.flatMap(([name, row]) => casesOf(name, row)).concat(across(new Map(rows)));
};

function casesOf(name: string, { ours, git, "isomorphic-git": isomorphic }: Row): readonly BenchCase[] {
  const round = (value: number): string => `${Math.round(value)} ms`;
  const server = `the server's own time: ours ${round(ours.serverMs)}, git's ${round(git.serverMs)}`;
  return [
    benchCase(
      "push",
      `${name}, time`,
      ours.ms,
      git.ms,
      "ms",
      `git commit + push; ${goal(ours.ms, git.ms, 1)}; ${server}`,
    ),
    benchCase("push", `${name}, time`, ours.ms, isomorphic.ms, "ms", "isomorphic-git's push"),
    benchCase("push", `${name}, CPU`, ours.cpuMs, git.cpuMs, "ms", "git commit + push, to 10 ms"),
    benchCase("push", `${name}, CPU`, ours.cpuMs, isomorphic.cpuMs, "ms", "isomorphic-git's push"),
    benchCase("push", `${name}, sent`, ours.bytes, git.bytes, "bytes", "git push"),
    benchCase("push", `${name}, sent`, ours.bytes, isomorphic.bytes, "bytes", "isomorphic-git's push"),
  ];
}

function across(rows: ReadonlyMap<string, Row>): readonly BenchCase[] {
  const small = rows.get("200 files");
  if (small === undefined) return [];
  const cases: BenchCase[] = [];
  for (const name of ["20,000 files", "20,000 files in 4,200 folders"]) {
    const large = rows.get(name);
    if (large === undefined) continue;
    const git = (large.git.ms / small.git.ms).toFixed(2);
    const note = `200 files; ${goal(large.ours.ms, small.ours.ms, 1.3)}; the git CLI grows ${git}`;
    cases.push(benchCase("push", `growth, ${name}`, large.ours.ms, small.ours.ms, "ms", note));
    const rest = (row: Row): number => row.ours.ms - row.ours.serverMs;
    const own = "200 files, without the server's own time";
    cases.push(benchCase("push", `growth, ${name}`, rest(large), rest(small), "ms", own));
  }
  const folders = rows.get("20,000 files in 4,200 folders");
  if (folders !== undefined) {
    const peer = folders["isomorphic-git"].ms;
    const note = `isomorphic-git's push; ${goal(folders.ours.ms, peer, 0.1)}`;
    cases.push(benchCase("push", "gain, 20,000 files in 4,200 folders", folders.ours.ms, peer, "ms", note));
  }
  const [name, last] = [...rows].at(-1) ?? ["", small];
  for (const what of ["resident", "peak"] as const) {
    const note = "the same with 200 files";
    cases.push(
      benchCase("push", `memory, ${what}, ${name}`, last.ours[what] / 1e6, small.ours[what] / 1e6, "MB", note),
    );
  }
  return cases;
}

function goal(ours: number, floor: number, most: number): string {
  return `goal ${most}: ${ours <= floor * most ? "met" : "missed"}`;
}

function filesOf({ counts: [namespaces, kinds, objects] }: Shape): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (let n = 0; n < namespaces; n++) {
    for (let k = 0; k < Math.max(1, kinds); k++) {
      const folder = kinds === 0 ? `ns-${n}` : `ns-${n}/kind-${k}`;
      for (let o = 0; o < objects; o++) files[`${folder}/configmap-${o}.yaml`] = textOf(`${n}-${k}-${o}`);
    }
  }
  return files;
}

function textOf(value: string): string {
  const data = Array.from({ length: 8 }, (_, i) => `  key-${i}: value-${i}-${value}\n`).join("");
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config\ndata:\n${data}`;
}

async function compare(
  server: GitServer,
  repository: TestRepository,
  folder: string,
  rounds: number,
  progress: (line: string) => void,
): Promise<Row> {
  const paths = await repository.files();
  const path = paths[Math.floor(paths.length / 2)] ?? "";
  for (const name of ["ours", "git", "isomorphic-git"]) await repository.git("branch", name, "main");
  const env = server.clientEnvironment();
  const [clone, bare] = [join(folder, "clone"), join(folder, "bare")];
  await runGit(["clone", "--quiet", repository.url, clone], { env });
  await runGit(["clone", "--quiet", "--bare", repository.url, bare], { env });

  const bytes = countReceived();
  const stack = new AsyncDisposableStack();
  try {
    const clients = new Map<Client, ClientProcess>();
    for (const [name, where] of [
      ["ours", ""],
      ["git", clone],
      ["isomorphic-git", bare],
    ] as const) {
      const args = [name, repository.url, `refs/heads/${name}`, path, where];
      clients.set(
        name,
        stack.adopt(await startClient(args, env), (client) => client.stop()),
      );
    }
    const samples: Record<Client, Figures[]> = { ours: [], git: [], "isomorphic-git": [] };
    for (let round = 0; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      for (const [name, client] of clients) {
        const before = bytes.total();
        const performed = server.nextPostReceive(({ repository: at }) => at === repository.name);
        const sample = await client.push(textOf(`${name}-${round}`));
        const { at, push: seen } = await performed;
        // The first is not counted: it finds what the server can do, and reads what stays in memory.
        if (round > 0) samples[name].push({ ...sample, bytes: bytes.total() - before, serverMs: at - seen.at });
      }
    }
    return {
      ours: medians(samples.ours),
      git: medians(samples.git),
      "isomorphic-git": medians(samples["isomorphic-git"]),
    };
  } finally {
    bytes.stop();
    await stack.disposeAsync();
  }
}

function medians(samples: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number =>
    percentile(
      samples.map((sample) => sample[key]),
      0.5,
    );
  const last = samples.at(-1);
  return {
    ms: of("ms"),
    cpuMs: of("cpuMs"),
    bytes: of("bytes"),
    serverMs: of("serverMs"),
    resident: last?.resident ?? Number.NaN,
    peak: last?.peak ?? Number.NaN,
  };
}

/** What servers of this process have received over TCP since then. */
function countReceived(): { total(): number; stop(): void } {
  const sockets = new Set<Socket>();
  const note = (message: unknown): void => void sockets.add((message as { readonly socket: Socket }).socket);
  diagnostics.subscribe("net.server.socket", note);
  return {
    total: () => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0),
    stop: () => void diagnostics.unsubscribe("net.server.socket", note),
  };
}

interface ClientProcess {
  push(content: string): Promise<PushSample>;
  stop(): Promise<void>;
}

async function startClient(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ClientProcess> {
  const child = fork(fileURLToPath(new URL("push-client.ts", import.meta.url)), [...args], { env });
  const exited = once(child, "exit");
  const next = async (): Promise<unknown> => {
    const ended = exited.then(() => Promise.reject(new Error(`the client ${args[0]} ended early`)));
    const [message] = await Promise.race([once(child, "message"), ended]);
    return message;
  };
  await next();
  return {
    async push(content) {
      const answer = next();
      child.send(content);
      return (await answer) as PushSample;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
