import { type Paint, paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import type { Explanation } from "./explain.ts";
import type { CaptureAnswer } from "./judge.ts";

/** The answer in a sentence, then what each Capture of the namespace has to do with it. */
export function renderExplanation(explanation: Explanation, options: { readonly color: boolean }): string {
  const colours = paint(options.color);
  const { captures, injected = [] } = explanation;
  const sections = [headline(explanation, colours), ...captures.map((answer) => section(answer, colours))];
  if (injected.length > 0) {
    const parts = injected.map(({ path, what }) => `  ${printableLine(`${what} (${path})`)}`);
    sections.push(["Admission webhooks put into it, and would again:", ...parts].join("\n"));
  }
  return `${sections.join("\n\n")}\n`;
}

function headline({ object, exists, inGit, captures }: Explanation, { good, bad, warn }: Paint): string {
  const { group, kind, namespace, name } = object;
  const what = printableLine(
    `${kind}${group === "" ? "" : `.${group}`} ${namespace === "" ? "" : `${namespace}/`}${name}`,
  );
  const gone = exists ? "" : ", which the cluster does not have,";
  if (inGit === true) return `${what}${gone} is ${good("in Git")}.`;
  if (captures.length === 0) {
    const where = namespace === "" ? "" : ` ${printableLine(namespace)}`;
    return `${what}${gone} is ${bad("not in Git")}: there is no Capture in the namespace${where}. clickscribe create capture makes one.`;
  }
  if (inGit === null) return `Whether ${what}${gone} is in Git is ${warn("not known")}.`;
  const differs = captures.some(({ verdict, path }) => verdict === "Differs" && path !== undefined);
  return `${what}${gone} is ${bad(differs ? "not in Git as it is" : "not in Git")}.`;
}

function section(answer: CaptureAnswer, { strong, quiet }: Paint): string {
  const { capture, state, reason, message, remedy, path, branch, remote, differences, lastCommit, lastChange } = answer;
  const words = [state, reason].filter((word) => word !== undefined && word !== "").join(", ");
  const rows: (readonly [label: string, text: string])[] = [["why", message]];
  if (remedy !== "") rows.push(["what to do", remedy]);
  if (path !== undefined)
    rows.push(["file", `${path} on ${branch ?? ""}${remote === undefined ? "" : ` of ${remote}`}`]);
  if (lastCommit !== undefined) {
    const { commit, author, time, subject } = lastCommit;
    rows.push(["last commit", `${commit.slice(0, 7)} by ${author}, ${minute(time)}: ${subject}`]);
  }
  if (lastChange !== undefined) {
    const { author, time, what, tool } = lastChange;
    const by = tool === undefined ? author : `${author} with ${tool}`;
    rows.push(["last change", `${what}, by ${by}, ${minute(time)}`]);
  }
  for (const [i, difference] of differences.entries()) rows.push([i === 0 ? "Git -> cluster" : "", difference]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, text]) => `  ${quiet(label.padEnd(width))}  ${printableLine(text)}`);
  return [
    `${strong(printableLine(`Capture ${capture}`))}${words === "" ? "" : `: ${printableLine(words)}`}`,
    ...lines,
  ].join("\n");
}

/** `2027-01-02 03:04Z` */
function minute(time: string): string {
  return time.replace("T", " ").replace(/:\d\d(?:\.\d+)?Z$/, "Z");
}
