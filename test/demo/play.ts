/** Plays the story step by step, each beside the commit that it became. */
import type { GitServer, PostReceive } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type Screen, styled } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { must } from "./stage.ts";
import { type Step, story } from "./story.ts";

export interface Played {
  /** Milliseconds from the API's answer until the server had the commit, by step. */
  readonly latencies: readonly number[];
  readonly wrongAuthors: readonly string[];
}

const shownLines = 6;

export async function play(
  stage: Stage,
  git: GitServer,
  repository: TestRepository,
  folder: string,
  screen: Screen,
): Promise<Played> {
  const received: PostReceive[] = [];
  const off = git.onPostReceive((event) => {
    if (event.refs.some(({ ref }) => ref === "refs/heads/main")) received.push(event);
  });
  const latencies: number[] = [];
  const wrongAuthors: string[] = [];
  try {
    for (const [index, step] of story(stage.namespace, stage.hasWidgets).entries()) {
      const before = received.length;
      await must(stage, step.who, step.method, step.path, step.body, step.contentType);
      const answered = performance.timeOrigin + performance.now();
      screen.line(styled("bold", `${index + 1}  ${step.who} ${step.what}`));
      screen.line(styled("dim", `   ${requestLine(step)}`));
      screen.passing("   waiting for the commit ...");
      const landed = await waitFor(`the commit of step ${index + 1}`, () => received[before]);
      const ms = Math.max(0, landed.at - answered);
      latencies.push(ms);
      const commit = (await repository.log("main")).at(-1);
      if (commit === undefined) throw new Error("the branch has no commit");
      if (commit.author.name !== (stage.attributes ? step.who : "unknown")) {
        wrongAuthors.push(`step ${index + 1}: ${step.who}, not ${commit.author.name}`);
      }
      const author = `${commit.author.name} <${commit.author.email}>`;
      screen.line(
        `   ${styled("yellow", commit.oid.slice(0, 7))} ${styled("bold", commit.subject)}  ${styled("dim", `${Math.round(ms)} ms`)}`,
      );
      screen.line(`   ${styled("cyan", author)}  ${styled("dim", `${folder}/${step.file}`)}`);
      for (const line of await diffOf(repository, commit.oid)) screen.line(`   ${line}`);
      screen.line();
    }
  } finally {
    off();
  }
  return { latencies, wrongAuthors };
}

function requestLine({ method, path, body }: Step): string {
  const text = body === undefined || method === "POST" ? "" : JSON.stringify(body);
  const short = text === "" || text.length > 50 ? "" : ` ${text}`;
  return `${method} ${path}${short}`;
}

/** The lines that changed, without git's headers; a long file is cut. */
async function diffOf(repository: TestRepository, oid: string): Promise<readonly string[]> {
  const text = await repository.git("show", "--format=", "--unified=0", "--no-color", oid);
  const lines = text.split("\n").filter((line) => /^[-+](?![-+])/.test(line));
  const shown = lines.slice(0, shownLines).map((line) => styled(line.startsWith("+") ? "green" : "red", line));
  if (lines.length > shownLines) shown.push(styled("dim", `... and ${lines.length - shownLines} more lines`));
  return shown;
}
