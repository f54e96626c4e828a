import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conditionReasons } from "../../api/reasons.ts";
import { stalled } from "../../failures.ts";
import { type GitFound, gitItems } from "./judge-git.ts";

const asked = {
  group: "GitRemote shop/platform",
  url: "https://git.example.com/acme/platform.git",
  isAnonymous: false,
  recordPrefix: "refs/clickscribe",
};
const ref = "refs/clickscribe/check/1";
const answered: GitFound = {
  outcome: "Answered",
  head: "refs/heads/main",
  atomic: true,
  date: 1_000_000,
  now: 1_000_500,
  branches: [{ capture: "shop/all", ref: "refs/heads/main", exists: true }],
  trial: { ref, result: { outcome: "Accepted" } },
};
const judge = (change: object = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(
    gitItems(asked, { ...answered, ...change }).map(({ name, status, message, remedy }) => [
      name,
      `${status} ${message}${remedy && ` -> ${remedy}`}`,
    ]),
  );

describe("what a git server told", () => {
  it("is well where it takes all", () => {
    assert.deepEqual(judge(), {
      git: "Passed https://git.example.com/acme/platform.git answers these credentials, for reading and for pushing",
      "git-branch": "Passed the branch main of Capture shop/all is there",
      "git-atomic": "Passed the branch and the record are pushed both or neither (atomic)",
      "git-record-ref": `Passed the server takes the record's refs: ${ref} was made and removed again`,
      "git-clock": "Passed git.example.com and this machine have the same time",
    });
  });

  it("is a failure with what to do where it refuses", () => {
    const failure = stalled("AuthenticationFailed", "git.example.com refused the credentials");
    assert.deepEqual(judge({ outcome: "Failed", failure }), {
      git: `Failed git.example.com refused the credentials -> ${conditionReasons.AuthenticationFailed.remedy}`,
    });
    const trial = { ref, result: { outcome: "Refused", message: "hook declined" } };
    assert.match(
      judge({ trial })["git-record-ref"] ?? "",
      /^Failed the server refuses .*: hook declined -> .*refs\/heads/,
    );
  });

  it("tells what was not tried, what stays, and what is only so", () => {
    assert.match(judge({ trial: undefined })["git-record-ref"] ?? "", /^Warning .*not tried -> Give --write/);
    const trial = { ref, result: { outcome: "NotRemoved", message: "deny" } };
    assert.match(judge({ trial })["git-record-ref"] ?? "", /^Warning .*could not be removed again: deny/);
    assert.match(judge({ atomic: false })["git-atomic"] ?? "", /^Warning /);
    assert.match(
      judge({ outcome: "NotAsked", why: "no Secret", remedy: "x" })["git"] ?? "",
      /^Warning .*no Secret -> x$/,
    );
  });

  it("needs a branch for each Capture, which need not be there yet", () => {
    const branches = [{ capture: "shop/all", ref: "refs/heads/new", exists: false }];
    assert.match(judge({ branches })["git-branch"] ?? "", /^Passed .*not there yet/);
    assert.match(
      judge({ branches: [{ capture: "shop/all", ref: undefined, exists: false }] })["git-branch"] ?? "",
      /^F/,
    );
    assert.match(judge({ branches: [], head: undefined })["git-branch"] ?? "", /^Warning .*no default branch/);
  });
});
