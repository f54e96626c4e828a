/** PURE: what a git server told, judged. */
import { conditionReasons } from "../../api/reasons.ts";
import type { Failure } from "../../failures.ts";
import type { RefTrial } from "../../git/index.ts";
import type { RefName } from "../../values.ts";
import { clockItem, item } from "./judge-cluster.ts";
import type { CheckItem } from "./report.ts";

/** One branch that a Capture writes to. */
export interface BranchFound {
  readonly capture: string;
  /** As the Capture says, or the default branch; undefined: neither is there. */
  readonly ref: RefName | undefined;
  readonly exists: boolean;
}

/** What became of asking one repository. */
export type GitFound =
  /** It could not be asked: why, and what to do. */
  | { readonly outcome: "NotAsked"; readonly why: string; readonly remedy: string }
  | { readonly outcome: "Failed"; readonly failure: Failure }
  | {
      readonly outcome: "Answered";
      readonly head: RefName | undefined;
      readonly atomic: boolean;
      readonly date: number | undefined;
      /** This machine's clock when the answer came. */
      readonly now: number;
      readonly branches: readonly BranchFound[];
      /** undefined: not tried. */
      readonly trial: { readonly ref: RefName; readonly result: RefTrial | Failure } | undefined;
    };

export interface GitAsked {
  readonly group: string;
  /** Without userinfo. */
  readonly url: string;
  readonly isAnonymous: boolean;
  readonly recordPrefix: string;
}

export function gitItems({ group, url, isAnonymous, recordPrefix }: GitAsked, found: GitFound): readonly CheckItem[] {
  if (found.outcome === "NotAsked") {
    return [item(group, "git", "Warning", `${url} was not asked: ${found.why}`, found.remedy)];
  }
  if (found.outcome === "Failed") return [failureItem(group, "git", found.failure)];
  const who = isAnonymous ? "anybody" : "these credentials";
  return [
    item(group, "git", "Passed", `${url} answers ${who}, for reading and for pushing`),
    ...branchItems(group, found.head, found.branches),
    found.atomic
      ? item(group, "git-atomic", "Passed", "the branch and the record are pushed both or neither (atomic)")
      : item(
          group,
          "git-atomic",
          "Warning",
          "the server cannot push several refs all or none: the record goes first, then the branch",
          "Nothing needs to be done: what is lost in between is caught up with.",
        ),
    trialItem(group, recordPrefix, found.trial),
    clockItem(group, "git-clock", hostOf(url), found.date, found.now),
  ];
}

function branchItems(group: string, head: RefName | undefined, branches: readonly BranchFound[]): readonly CheckItem[] {
  const name = "git-branch";
  if (branches.length === 0) {
    if (head !== undefined) return [item(group, name, "Passed", `the default branch is ${short(head)}`)];
    return [item(group, name, "Warning", "the repository has no default branch", "Name the branch in spec.branch.")];
  }
  return branches.map(({ capture, ref, exists }) => {
    if (ref === undefined) {
      const { remedy } = conditionReasons.BranchInvalid;
      return item(group, name, "Failed", `Capture ${capture} names no branch, and there is no default branch`, remedy);
    }
    const words = exists ? "is there" : "is not there yet: the first capture makes it";
    return item(group, name, "Passed", `the branch ${short(ref)} of Capture ${capture} ${words}`);
  });
}

function trialItem(
  group: string,
  prefix: string,
  trial: Extract<GitFound, { readonly outcome: "Answered" }>["trial"],
): CheckItem {
  const name = "git-record-ref";
  if (trial === undefined) {
    return item(
      group,
      name,
      "Warning",
      `whether the server takes the record's refs below ${prefix} was not tried`,
      "Give --write: it pushes a ref below that prefix, and removes it again.",
    );
  }
  const { ref, result } = trial;
  if (result instanceof Error) return failureItem(group, name, result);
  if (result.outcome === "Accepted") {
    return item(group, name, "Passed", `the server takes the record's refs: ${ref} was made and removed again`);
  }
  if (result.outcome === "NotRemoved") {
    return item(
      group,
      name,
      "Warning",
      `the server takes the record's refs, but ${ref} could not be removed again: ${result.message}`,
      "Remove that ref; Clickscribe itself never removes any.",
    );
  }
  const message = `the server refuses ${ref}: ${result.message}`;
  return item(
    group,
    name,
    "Failed",
    message,
    `${conditionReasons.RecordRefused.remedy} Hosts that take only branches want refs/heads/clickscribe.`,
  );
}

function failureItem(group: string, name: string, { code, message }: Failure): CheckItem {
  const { remedy } = conditionReasons[code];
  return item(group, name, "Failed", message, message.includes(remedy) ? "" : remedy);
}

function short(ref: RefName): string {
  return ref.replace(/^refs\/heads\//, "");
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? "the git server";
}
