import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { blockKitProblems } from "../../test/slack/block-kit.ts";
import type { JsonObject } from "../../test/slack/values.ts";
import type { Alert, AlertItem } from "../values.ts";
import { pressOf, repeatedText, resolvedText, slackMessage } from "./slack-message.ts";

const nasty = fc.constantFrom(
  "<",
  ">",
  "&",
  "|",
  "`",
  "```",
  "*",
  "_",
  "~",
  "@here",
  "<!channel>",
  "<@U1>",
  "<#C1>",
  "\n",
  "\u202e",
  "\u0000",
  ":tada:",
  "http://e.example",
  "x",
  "é",
  "\ud83d",
);
const text = fc.oneof(
  fc.array(nasty, { maxLength: 40 }).map((parts) => parts.join("")),
  fc.string({ maxLength: 5_000 }),
);
const item: fc.Arbitrary<AlertItem> = fc.record(
  {
    id: fc.constant("0123456789ab"),
    object: text,
    sort: text,
    means: text,
    remedy: text,
    severity: fc.constantFrom("Warning", "Error"),
    since: fc.constant("2026-01-01T00:00:00Z"),
    by: text,
    tool: text,
    fields: fc.array(text, { maxLength: 30 }),
    links: fc.array(
      fc.record({
        text,
        url: fc.oneof(
          text,
          fc.webUrl(),
          text.map((it) => `https://e.example/${it}`),
        ),
      }),
      { maxLength: 15 },
    ),
    live: fc.constantFrom("", "a".repeat(40)),
    actions: fc.constantFrom([], ["Keep"], ["Keep", "Undo"]),
    resolvedAt: fc.constant("2026-01-02T00:00:00Z"),
  },
  {
    requiredKeys: [
      "id",
      "object",
      "sort",
      "means",
      "remedy",
      "severity",
      "since",
      "fields",
      "links",
      "live",
      "actions",
    ],
  },
);
const alert: fc.Arbitrary<Alert> = fc
  .record({
    cluster: text,
    capture: text,
    branch: text,
    remote: text,
    severity: fc.constantFrom<Alert["severity"]>("Warning", "Error"),
    subject: fc.constantFrom<Alert["subject"]>("Drift", "Capture"),
    isResolved: fc.boolean(),
    items: fc.array(item, { minLength: 1, maxLength: 20 }),
    more: fc.nat(480),
  })
  .map(({ more, ...rest }) => {
    const total = rest.items.length + (rest.items.length === 1 ? 0 : more);
    return { ...rest, total, open: rest.isResolved ? 0 : total };
  });

/** Every text of mrkdwn in a message. */
function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  const { type, text: own } = value as { readonly type?: unknown; readonly text?: unknown };
  return type === "mrkdwn" && typeof own === "string" ? [own] : Object.values(value).flatMap(textsOf);
}

describe("a message for Slack", () => {
  it("is within Block Kit's limits, and nothing of a user's in it means anything, whatever it is", () => {
    fc.assert(
      fc.property(alert, (one) => {
        const { text: title, blocks } = slackMessage(one);
        assert.deepEqual(blockKitProblems({ text: title, blocks: blocks as readonly JsonObject[] }), []);
        for (const said of [...textsOf(blocks), title, resolvedText(one), repeatedText(one)]) {
          const rest = said
            .replace(/<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>|]*>/g, "")
            .replace(/<https?:[^<>|\s]*\|[^<>|]*>/g, "");
          assert.doesNotMatch(rest, /[<>]/, said);
          assert.doesNotMatch(said, /&(?!(?:amp|lt|gt);)/, said);
          assert.doesNotMatch(said, /\p{Cc}(?<!\n)|\u202e/u, said);
          assert.equal((said.match(/```/g) ?? []).length % 2, 0, said);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("tells a press of one of its buttons from anything else", () => {
    const live = "a".repeat(40);
    assert.deepEqual(pressOf("clickscribe-keep", `0123456789ab ${live}`), { action: "Keep", id: "0123456789ab", live });
    assert.deepEqual(pressOf("clickscribe-undo", "0123456789ab "), { action: "Undo", id: "0123456789ab", live: "" });
    for (const [id, value] of [
      ["other", `0123456789ab ${live}`],
      ["clickscribe-keep", "x"],
      ["clickscribe-keep", `0123456789ab ${live}\n`],
      ["clickscribe-keep", `../x ${live}`],
    ] as const)
      assert.equal(pressOf(id, value), undefined);
  });
});
