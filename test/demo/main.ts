/**
 * `npm run demo`: a control plane, a git server and the operator, a short story, and the commits that it became.
 * Everything that was started ends with this process, however it ends.
 */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { startGitServer } from "../git/git-server.ts";
import { startOperator } from "../harness/operator-process.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { setEmbeddedStage } from "./embedded-stage.ts";
import { setExistingStage } from "./existing-stage.ts";
import { type DemoOptions, parseOptions, usage } from "./options.ts";
import { drawTerminal } from "./picture.ts";
import { play } from "./play.ts";
import { Refused } from "./refused.ts";
import { createScreen, type Screen, styled } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { must, setter } from "./stage.ts";
import { isReady, verify } from "./verify.ts";

const captureName = "everything";

/** In a cluster of somebody's own the operator lives in the captured namespace: what is its own is left out. */
const existingKinds = [
  { groups: ["apps"], kinds: ["Deployment"] },
  { groups: [""], kinds: ["ConfigMap", "Service"] },
];

const parsed = parseOptions(process.argv.slice(2));
if (!parsed.ok) {
  process.stderr.write(`demo: ${parsed.problem}\n`);
  process.exitCode = 2;
} else if (parsed.options.help) {
  process.stdout.write(usage);
} else {
  // What was interrupted may still wait for something that will not come.
  process.exit(await demo(parsed.options));
}

async function demo(options: DemoOptions): Promise<number> {
  const out = options.json ? process.stderr : process.stdout;
  const color = out.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  const screen = createScreen({
    write: (text) => void out.write(text),
    isTerminal: out.isTTY,
    color,
    columns: out.columns || 80,
  });
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
  const stopped = new Promise<never>((_, reject) => {
    interrupted.signal.addEventListener("abort", () => reject(new Refused("stopped")));
  });
  stopped.catch(() => undefined);
  const stack = new AsyncDisposableStack();
  try {
    const done = perform(options, screen, stack);
    done.catch(() => undefined);
    return await Promise.race([done, stopped]);
  } catch (error) {
    if (interrupted.signal.aborted) screen.line("stopped: taking everything down");
    else process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    return interrupted.signal.aborted ? 130 : error instanceof Refused ? 2 : 1;
  } finally {
    await stack.disposeAsync();
  }

  async function perform(given: DemoOptions, to: Screen, owned: AsyncDisposableStack): Promise<number> {
    const began = performance.now();
    const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s`;
    const progress = (text: string): void => to.line(styled("dim", `${seconds()}  ${text}`));
    to.line(styled("bold", "Clickscribe: what people click in the cluster, written down in Git"));
    to.line();
    const stage = owned.use(
      given.cluster ? await setExistingStage(given.cluster, given.yes, progress) : await setEmbeddedStage(progress),
    );
    progress("starting the git server and the operator");
    const git = await startGitServer();
    owned.defer(() => git.stop());
    const folder = `apps/${stage.namespace}`;
    const repository = await git.createRepository("platform");
    const operator = await startOperator({
      kubeconfig: stage.operatorKubeconfig,
      clusterName: "demo",
      webhook: stage.attributes,
      flags: stage.operatorFlags,
    });
    owned.defer(() => operator.stop());
    const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${stage.namespace}`;
    const { namespace } = stage;
    await must(
      stage,
      setter,
      "POST",
      `${api}/gitremotes`,
      gitRemoteObject({ name: "platform", namespace, url: repository.url }),
    );
    const spec = { batching: { quietPeriod: "0s" }, ...(given.cluster && { resources: { include: existingKinds } }) };
    const capture = captureObject({ name: captureName, namespace, remote: "platform", path: folder, spec });
    await must(stage, setter, "POST", `${api}/captures`, capture);
    await waitFor("the capture to be ready", () => isReady(stage, captureName));
    progress(`namespace ${namespace} is captured into ${folder} of ${repository.url}`);
    if (!stage.attributes)
      to.line(styled("yellow", "      this cluster cannot reach the webhook here: authors are unknown"));
    to.line();

    const { latencies, wrongAuthors } = await play(stage, git, repository, folder, to);
    to.passing("checking a fresh clone against the cluster ...");
    const { files, objects, problems } = await verify(stage, repository, folder);
    const all = [...wrongAuthors, ...problems];
    const sorted = latencies.toSorted((a, b) => a - b);
    const median = Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
    to.line(
      `${mark(wrongAuthors.length === 0)} ${latencies.length} edits, ${latencies.length} commits, each by who made it; median ${median} ms`,
    );
    to.line(
      `${mark(problems.length === 0)} a fresh clone has ${files} files for the ${objects} objects that kubectl lists; applied, none changes anything`,
    );
    for (const problem of all) to.line(styled("red", `  ${problem}`));
    to.line(styled("dim", `  ${seconds().trim()} in all`));
    if (given.picture !== undefined) await writeFile(given.picture, drawTerminal(to.recorded, "npm run demo"));
    if (given.keep) await stay(given, stage, to, `${git.url}/platform.git`, folder);
    return all.length === 0 ? 0 : 1;
  }
}

/** Until a signal ends it. */
async function stay(
  { json }: DemoOptions,
  stage: Stage,
  screen: Screen,
  cloneUrl: string,
  path: string,
): Promise<void> {
  const { kubeconfig, context, users, namespace } = stage;
  if (json) {
    process.stdout.write(`${JSON.stringify({ kubeconfig, context, cloneUrl, users, namespace, path })}\n`);
  } else {
    screen.line();
    screen.line(styled("bold", "It stays up. In another terminal:"));
    screen.line(`  export KUBECONFIG=${kubeconfig}`);
    screen.line(
      `  kubectl --context bob scale deployment web --replicas=2   ${styled("dim", `or any of ${Object.keys(users).join(", ")}`)}`,
    );
    screen.line(`  git clone ${cloneUrl} && git -C platform log -p`);
    screen.line(`  kubectl get captures,events`);
    screen.line("Ctrl-C takes everything down.");
  }
  for (;;) await sleep(60_000);
}

function mark(good: boolean): string {
  return good ? styled("green", "✔") : styled("red", "✖");
}
