import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { hostileText, jsonObject, nastyStrings } from "../../test/fixtures/json.ts";
import type { Author, Commit, Identity, JsonObject, ObjectChange } from "../values.ts";
import { authorSignature } from "./author-signature.ts";
import { commitMessage, type MessageInput } from "./commit-message.ts";
import { authorOf, parseTrailers } from "./parse-message.ts";

/** What people, or what they name, may hold to forge a header, a trailer, or an effect on the host. */
const injections: readonly string[] = [
  ...nastyStrings.filter((text) => text !== ""),
  "x\n\nSigned-off-by: Eve <eve@example.com>",
  "x\nChanged-By: eve",
  "x\r\nChanged-By: eve",
  "x\u2028Changed-By: eve",
  "\n\n---\nChanged-By: eve",
  "Changed-By: eve",
  "eve <eve@example.com> 0 +0000\nparent 0000000000000000000000000000000000000000",
  "eve\0committer eve <eve@example.com>",
  "<eve@example.com>",
  "eve>",
  "\u202eeve",
  "[skip ci]",
  "[ci skip]",
  "[no ci]",
  "[skip actions]",
  "***NO_CI***",
  "skip-checks: true",
  "closes #1",
  "Fixes: acme/shop#12",
  "closes GH-3",
  "closes https://github.com/acme/shop/issues/4",
  "closes https://gitlab.example.com/acme/shop/-/issues/5",
  "See !7",
  "@acme/admins",
  "/approve",
  "<!-- x -->",
  "[a](https://example.com)",
  "Co-authored-by: Eve <eve@example.com>",
  "# comment",
  "x".repeat(70_000),
  "😀".repeat(500),
];

/** What a host would act on in a commit's message. */
const effects =
  /\[(?:skip|no)[ -]|[ -]skip\]|\*\*\*NO_CI|skip-checks:|(?:^|[^\w.+%-])@\w|#\w|!\d|GH-\d|\/issues\/\d|^(?:signed-off-by|co-authored-by):/im;

const capture = { namespace: "shop", name: "shop" };
const object = (
  name: string,
  before: object | undefined,
  after: object | undefined,
  kind = "Deployment",
): ObjectChange => {
  const identity: Identity = { group: kind === "Deployment" ? "apps" : "", kind, namespace: "shop", name };
  return { identity, before: before as JsonObject | undefined, after: after as JsonObject | undefined };
};
const input = (objects: readonly ObjectChange[], rest: Partial<MessageInput> = {}): MessageInput => ({
  cluster: "prod",
  capture,
  author: alice,
  objects,
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  kind: "Change",
  ...rest,
});
const alice: Author = { rung: "Admission", person: "alice", groups: ["dev"], tool: "kubectl-edit", evidence: "e" };
const subjectOf = (message: string): string => message.split("\n")[0] ?? "";
const scaled = (name: string): ObjectChange => object(name, { spec: { replicas: 3 } }, { spec: { replicas: 5 } });
const options = { committer: { name: "clickscribe", email: "bot@example.com" }, emailTemplate: undefined };

function commitOf(message: string): Commit {
  const nobody = { name: "x", email: "x", at: 0 };
  return { id: "0".repeat(40), parents: [], author: nobody, committer: nobody, message };
}

describe("commitMessage", () => {
  it("says it all", () => {
    assert.equal(
      commitMessage(input([scaled("web")])),
      `web: scale 3 -> 5

- Deployment.apps shop/web: scale 3 -> 5

Clickscribe-Cluster: prod
Clickscribe-Capture: shop/shop
Changed-Object: Deployment.apps shop/web
Changed-By: alice
Changed-With: kubectl-edit
Changed-At: 2026-01-02T03:04:05.678Z
Attribution: Admission
`,
    );
  });

  it("names each of several people, and is read back so", () => {
    const people = ["alice", "bob:x", "Changed-By: eve"];
    const message = commitMessage(input([scaled("web")], { author: { rung: "Several", people } }));
    assert.match(
      message,
      /\nChanged-By: alice\nChanged-By: bob:x\nChanged-By: "Changed.u002dBy: eve"\nChanged-At: .*\nAttribution: Several\n$/,
    );
    assert.deepEqual(authorOf(commitOf(message)), { rung: "Several", people });
  });

  const many = (count: number, make: (name: string) => ObjectChange): readonly ObjectChange[] =>
    Array.from({ length: count }, (_, i) => make(`web-${i}`));
  const subjects: readonly (readonly [input: MessageInput, subject: string])[] = [
    [input([object("web", undefined, {})]), "create Deployment web"],
    [input([object("app", {}, undefined, "ConfigMap")]), "delete ConfigMap app"],
    [input(many(3, (name) => object(name, undefined, {}))), "create 3 objects (Deployment)"],
    [input([object("a", {}, undefined), object("b", {}, undefined, "ConfigMap")]), "delete 2 objects"],
    [input(many(2, scaled)), "2 objects (Deployment): scale 3 -> 5"],
    [input(many(60, scaled)), "change web-0, web-1, web-2, and 57 more"],
    [input([scaled("a"), object("b", undefined, {})]), "change a, b"],
    [
      input([...many(60, (name) => object(name, undefined, {})), object("b", {}, undefined)]),
      "change web-0, web-1, web-2, and 58 more",
    ],
    [
      input(
        many(34, (name) => object(name, undefined, {})),
        { kind: "FirstCapture", author: { rung: "Operator" } },
      ),
      "capture 34 objects of shop",
    ],
    [input([scaled("a")], { kind: "Delivery", author: { rung: "Operator" } }), "1 object of shop delivered"],
    [input(many(2, scaled), { kind: "Adoption", author: { rung: "Operator" } }), "2 objects of shop adopted"],
    [input(many(1, scaled), { kind: "Release", author: { rung: "Operator" } }), "1 object of shop released"],
    [input([]), "nothing changed"],
  ];
  for (const [given, subject] of subjects) it(subject, () => assert.equal(subjectOf(commitMessage(given)), subject));

  it("names at most 50 objects, and says how many more there are", () => {
    const message = commitMessage(input(many(500, scaled)));
    assert.equal(message.match(/^- Deployment/gm)?.length, 50);
    assert.equal(parseTrailers(message).get("Changed-Object")?.length, 50);
    assert.match(message, /^and 450 more$/m);
  });

  it("is bounded, in lines of printable text, and holds nothing that a host acts on", () => {
    const check = (message: string): void => {
      assert.doesNotMatch(message, effects);
      assert.doesNotMatch(message, /[^\n\P{Cc}]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      assert.ok(message.isWellFormed());
      assert.ok(subjectOf(message).length <= 72 && subjectOf(message).trim() !== "", subjectOf(message));
      assert.ok(message.length < 20_000, String(message.length));
    };
    for (const text of injections) {
      const changed = object(
        text,
        { data: { [text]: "a" }, metadata: { labels: { a: "b" } } },
        { data: { [text]: text, b: text } },
      );
      const author: Author = { rung: "Admission", person: text, groups: [], tool: text, evidence: text };
      check(commitMessage(input([changed], { author })));
      check(
        commitMessage(
          input([object(text, undefined, {})], { author: { rung: "None", candidates: [text, text], evidence: text } }),
        ),
      );
      check(commitMessage(input([object("a", { spec: { replicas: 1 } }, { spec: { replicas: text } })])));
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(hostileText, jsonObject, jsonObject), { minLength: 1, maxLength: 4 }),
        hostileText,
        (objects, person) => {
          const author: Author = { rung: "Admission", person, groups: [], tool: undefined, evidence: "" };
          check(
            commitMessage(
              input(
                objects.map(([name, a, b]) => object(`n${name}`, a, b)),
                { author },
              ),
            ),
          );
        },
      ),
    );
  });
});

describe("authorOf", () => {
  const recover = (author: Author, rest: Partial<MessageInput> = {}): Author =>
    authorOf(commitOf(commitMessage(input([scaled("web")], { author, ...rest }))));
  const known = (author: Author): object =>
    "person" in author
      ? { rung: author.rung, person: author.person, tool: author.tool }
      : author.rung === "None"
        ? { rung: author.rung, candidates: author.candidates }
        : author;
  const bounded = injections.filter((text) => text.length <= 1000);

  it("gives back every author that a message was written for, whatever they are called", () => {
    for (const rung of ["Admission", "Audit", "FieldManager"] as const) {
      for (const person of bounded) {
        for (const tool of [undefined, "kubectl", person]) {
          const author: Author = { rung, person, groups: [], tool, evidence: "" };
          assert.deepEqual(known(recover(author)), known(author));
        }
      }
    }
    for (const person of bounded) {
      const author: Author = { rung: "None", candidates: [person, "bob"], evidence: "" };
      assert.deepEqual(known(recover(author)), known(author));
    }
    assert.deepEqual(recover({ rung: "Operator" }), { rung: "Operator" });
    assert.deepEqual(known(recover({ rung: "None", candidates: [], evidence: "" })), { rung: "None", candidates: [] });
  });

  it("gives back any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 300 }), (person) => {
        const author: Author = { rung: "Audit", person, groups: [], tool: person, evidence: "" };
        assert.deepEqual(known(recover(author)), known(author));
      }),
    );
  });

  it("finds the person in the trailers where the committer stands as the author", () => {
    const message = commitMessage(input([scaled("web")]));
    const committer = { ...options.committer, at: 0 };
    const found = authorOf({ ...commitOf(message), author: committer, committer });
    assert.deepEqual(known(found), known(alice));
  });

  it("names nobody where a message is not Clickscribe's, or says unknown", () => {
    for (const message of [
      "",
      "\n",
      "fix",
      "fix\n\nChanged-By: eve\n",
      "fix\n\nChanged-By: eve\nAttribution: unknown\n",
      "Attribution: Admission",
    ])
      assert.equal(authorOf(commitOf(message)).rung, "None", message);
  });
});

describe("authorSignature", () => {
  const person = (name: string): Author => ({
    rung: "Admission",
    person: name,
    groups: [],
    tool: undefined,
    evidence: "",
  });
  const sign = (name: string, emailTemplate?: string): readonly string[] => {
    const { name: shown, email } = authorSignature(person(name), { ...options, emailTemplate }, 7);
    return [shown, email];
  };

  it("is the person, with an address that is theirs, made by the template, or of nobody", () => {
    assert.deepEqual(sign("alice@example.com"), ["alice@example.com", "alice@example.com"]);
    assert.deepEqual(sign("alice"), ["alice", "alice@clickscribe.invalid"]);
    assert.deepEqual(sign("alice", "{user}@acme.example"), ["alice", "alice@acme.example"]);
    assert.deepEqual(sign("oidc:alice"), ["oidc:alice", "oidc.alice@clickscribe.invalid"]);
    assert.deepEqual(sign("system:serviceaccount:shop:ci"), [
      "system:serviceaccount:shop:ci",
      "system.serviceaccount.shop.ci@clickscribe.invalid",
    ]);
    assert.match(sign("Älice Müller", "{user}@acme.example")[1] ?? "", /^user-[0-9a-f]{12}@clickscribe\.invalid$/);
    assert.deepEqual(authorSignature({ rung: "Operator" }, options, 7), { ...options.committer, at: 7 });
  });

  it("says unknown of nobody, and never of a person of that name", () => {
    const nobody = authorSignature({ rung: "None", candidates: ["alice"], evidence: "" }, options, 7);
    assert.deepEqual(nobody, { name: "unknown", email: "unknown@clickscribe.invalid", at: 7 });
    const [name, email] = sign("unknown");
    assert.notEqual(name, nobody.name);
    assert.notEqual(email, nobody.email);
  });

  it("says the operator of nobody, and never of a person of that name", () => {
    const committer = { name: "clickscribe", email: "clickscribe@clickscribe.invalid" };
    for (const user of ["clickscribe", "Clickscribe", "\u200bclickscribe"]) {
      const signed = authorSignature(person(user), { committer, emailTemplate: undefined }, 7);
      assert.notEqual(signed.name.toLowerCase(), committer.name);
      assert.notEqual(signed.email, committer.email);
    }
    const bot = { name: "bot", email: "bot@example.com" };
    assert.notEqual(authorSignature(person("bot@example.com"), { ...options, committer: bot }, 7).email, bot.email);
  });

  it("is stable, and tells people apart whose names cannot be shown", () => {
    assert.deepEqual(sign("\u0000"), sign("\u0000"));
    assert.notDeepEqual(sign("\u0000"), sign("\u0001"));
    assert.notDeepEqual(sign("a b"), sign("a  b"));
  });

  it("holds nothing that ends a header or fools a reader, for any name and template", () => {
    fc.assert(
      fc.property(
        fc.oneof(hostileText, fc.constantFrom(...injections)),
        fc.option(hostileText, { nil: undefined }),
        (name, template) => {
          const [shown = "", email = ""] = sign(name, template);
          assert.match(shown, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>]{1,160}$/u);
          assert.equal(shown, shown.trim());
          assert.match(email, /^[\w.%+-]+@[A-Za-z0-9.-]+$/);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("git itself", () => {
  let repo: string;
  const git = (args: readonly string[], stdin = ""): string =>
    execFileSync("git", args, { cwd: repo, input: stdin, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });

  before(() => {
    repo = mkdtempSync(join(tmpdir(), "commit-message-"));
    git(["init", "--quiet", "--bare", "."]);
  });
  after(() => rmSync(repo, { recursive: true, force: true }));

  it("reads the trailers that were written, and accepts the commit under fsck --strict", () => {
    const tree = git(["hash-object", "-w", "-t", "tree", "--stdin"]).trim();
    const made: string[] = [];
    for (const text of injections.filter((_, i) => i % 2 === 0 || i > nastyStrings.length)) {
      const author: Author = { rung: "Admission", person: text, groups: [], tool: text, evidence: "" };
      const message = commitMessage(
        input([object(text, { data: { a: "1" } }, { data: { a: text } }), scaled("b")], { author }),
      );
      const read = git(["interpret-trailers", "--parse"], message);
      assert.equal(read.trim().split("\n").length, 8, read);
      assert.deepEqual(parseTrailers(`x\n\n${read}`), parseTrailers(message));
      assert.equal(parseTrailers(read).get("Changed-By")?.length, 1);
      const { name, email } = authorSignature(author, options, 1);
      const commit = `tree ${tree}\nauthor ${name} <${email}> 1 +0000\ncommitter clickscribe <bot@example.com> 1 +0000\n\n${message}`;
      const id = git(["hash-object", "-w", "-t", "commit", "--stdin"], commit).trim();
      made.push(id);
      const shown = git(["log", "-1", "--format=%an%x00%ae%x00%cn%x00%s", id]).trimEnd().split("\0");
      assert.deepEqual(shown, [name, email, "clickscribe", subjectOf(message)]);
    }
    for (const [i, id] of made.entries()) git(["update-ref", `refs/heads/c${i}`, id]);
    assert.equal(git(["fsck", "--strict", "--no-progress"]), "");
  });
});
