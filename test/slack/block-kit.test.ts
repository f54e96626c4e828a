import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blockKitProblems, blockTextLength } from "./block-kit.ts";
import type { Json, JsonObject } from "./values.ts";

const mrkdwn = (text: string): JsonObject => ({ type: "mrkdwn", text });
const plain = (text: string): JsonObject => ({ type: "plain_text", text });
const section = (text: string, more: JsonObject = {}): JsonObject => ({ type: "section", text: mrkdwn(text), ...more });
const button = (more: JsonObject = {}): JsonObject => ({ type: "button", text: plain("Go"), ...more });
const actions = (...elements: readonly Json[]): JsonObject => ({ type: "actions", elements });
const times = (count: number, make: (index: number) => Json): readonly Json[] =>
  Array.from({ length: count }, (_, index) => make(index));
const picture = { type: "image", image_url: "https://example.com/a.png", alt_text: "a" };

describe("messages that Slack takes", () => {
  const taken: {
    readonly [name: string]: { readonly text?: Json; readonly blocks?: Json; readonly attachments?: Json };
  } = {
    "a text alone": { text: "x".repeat(40_000) },
    "blocks without a text": { blocks: [section("a")] },
    "50 blocks": { blocks: times(50, () => ({ type: "divider" })) },
    "a section of 3,000 characters": { blocks: [section("x".repeat(3000))] },
    "ten fields of 2,000": { blocks: [{ type: "section", fields: times(10, () => mrkdwn("x".repeat(2000))) }] },
    "a header of 150": { blocks: [{ type: "header", text: plain("x".repeat(150)) }] },
    "ten things in a context": { blocks: [{ type: "context", elements: [...times(9, () => mrkdwn("a")), picture] }] },
    "25 buttons": { blocks: [actions(...times(25, (index) => button({ action_id: `a${index}` })))] },
    "a button to its limits": {
      blocks: [
        actions(
          button({
            text: { ...plain("x".repeat(75)), emoji: true },
            value: "x".repeat(2000),
            url: `https://example.com/${"x".repeat(2980)}`,
            action_id: "x".repeat(255),
            style: "danger",
            confirm: { title: plain("Sure?"), text: mrkdwn("It goes."), confirm: plain("Yes"), deny: plain("No") },
          }),
        ),
      ],
    },
    "an accessory": { blocks: [section("a", { accessory: button() }), section("b", { accessory: picture })] },
    "images, rich text, markdown": {
      blocks: [
        { ...picture, title: plain("a") },
        { type: "markdown", text: "**a**" },
        { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "a" }] }] },
      ],
    },
    "blocks in an attachment": { text: "", attachments: [{ color: "#ff0000", blocks: [section("a")] }] },
  };
  for (const [name, message] of Object.entries(taken)) {
    it(name, () => assert.deepEqual(blockKitProblems(message), []));
  }
});

/** Each has one fault. */
const rejected: readonly (readonly [name: string, blocks: Json, complaint: string])[] = [
  ["51 blocks", times(51, () => ({ type: "divider" })), "no more than 50 items allowed [json-pointer:/blocks]"],
  ["no array", "[]", "must provide an array [json-pointer:/blocks]"],
  ["no object", ["a"], "must provide an object [json-pointer:/blocks/0]"],
  ["no type", [{}], "missing required field: type [json-pointer:/blocks/0]"],
  ["an unknown block", [{ type: "card" }], "unsupported type: card [json-pointer:/blocks/0/type]"],
  ["a type of every object", [{ type: "toString" }], "unsupported type: toString [json-pointer:/blocks/0/type]"],
  ["a field too much", [{ type: "divider", text: "a" }], "invalid additional property: text [json-pointer:/blocks/0]"],
  ["an empty section", [{ type: "section" }], "missing required field: text [json-pointer:/blocks/0]"],
  ["an empty text", [section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
  [
    "a long section",
    [section("x".repeat(3001))],
    "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
  ],
  ["a text that is a string", [{ type: "section", text: "a" }], "must provide an object [json-pointer:/blocks/0/text]"],
  [
    "eleven fields",
    [{ type: "section", fields: times(11, () => mrkdwn("a")) }],
    "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
  ],
  [
    "a long field",
    [{ type: "section", fields: [mrkdwn("a"), mrkdwn("x".repeat(2001))] }],
    "must be less than 2001 characters [json-pointer:/blocks/0/fields/1/text]",
  ],
  [
    "an empty field",
    [{ type: "section", fields: [mrkdwn("")] }],
    "must be more than 0 characters [json-pointer:/blocks/0/fields/0/text]",
  ],
  [
    "a long header",
    [{ type: "header", text: plain("x".repeat(151)) }],
    "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
  ],
  [
    "a header of mrkdwn",
    [{ type: "header", text: mrkdwn("a") }],
    "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
  ],
  [
    "emoji in mrkdwn",
    [{ type: "section", text: { ...mrkdwn("a"), emoji: true } }],
    "invalid additional property: emoji [json-pointer:/blocks/0/text]",
  ],
  [
    "verbatim in plain text",
    [{ type: "section", text: { ...plain("a"), verbatim: true } }],
    "invalid additional property: verbatim [json-pointer:/blocks/0/text]",
  ],
  [
    "eleven things in a context",
    [{ type: "context", elements: times(11, () => mrkdwn("a")) }],
    "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
  ],
  [
    "a button in a context",
    [{ type: "context", elements: [button()] }],
    "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
  ],
  ["no actions", [actions()], "no less than 1 items allowed [json-pointer:/blocks/0/elements]"],
  [
    "26 buttons",
    [actions(...times(26, () => button()))],
    "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
  ],
  [
    "an unknown element",
    [actions({ type: "lever" })],
    "unsupported type: lever [json-pointer:/blocks/0/elements/0/type]",
  ],
  [
    "a button without a text",
    [actions({ type: "button", action_id: "a" })],
    "missing required field: text [json-pointer:/blocks/0/elements/0]",
  ],
  [
    "a long button",
    [actions(button({ text: plain("x".repeat(76)) }))],
    "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
  ],
  [
    "a button of mrkdwn",
    [actions(button({ text: mrkdwn("a") }))],
    "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
  ],
  [
    "a long value",
    [actions(button({ value: "x".repeat(2001) }))],
    "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
  ],
  [
    "a long URL",
    [actions(button({ url: `https://example.com/${"x".repeat(2981)}` }))],
    "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
  ],
  [
    "a URL that is none",
    [actions(button({ url: "here" }))],
    "must be a valid URL [json-pointer:/blocks/0/elements/0/url]",
  ],
  [
    "a style that is none",
    [actions(button({ style: "default" }))],
    "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
  ],
  [
    "a long action_id",
    [actions(button({ action_id: "x".repeat(256) }))],
    "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
  ],
  [
    "an action_id twice",
    [actions(button({ action_id: "a" })), section("a", { accessory: button({ action_id: "a" }) })],
    '`action_id` "a" already exists [json-pointer:/blocks/1/accessory/action_id]',
  ],
  [
    "a long block_id",
    [section("a", { block_id: "x".repeat(256) })],
    "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
  ],
  [
    "a block_id twice",
    [section("a", { block_id: "a" }), { type: "divider", block_id: "a" }],
    '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]',
  ],
  [
    "a question without an answer",
    [actions(button({ confirm: { title: plain("a"), text: mrkdwn("b"), confirm: plain("c") } }))],
    "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
  ],
  [
    "six options",
    [actions({ type: "overflow", options: times(6, () => ({ text: plain("a"), value: "a" })) })],
    "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
  ],
  [
    "an image without alt_text",
    [{ type: "image", image_url: "https://example.com/a.png" }],
    "missing required field: alt_text [json-pointer:/blocks/0]",
  ],
  [
    "an image without a source",
    [{ type: "image", alt_text: "a" }],
    "missing required field: image_url [json-pointer:/blocks/0]",
  ],
];

describe("messages that Slack rejects", () => {
  for (const [name, blocks, complaint] of rejected) {
    it(name, () => assert.deepEqual(blockKitProblems({ text: "a", blocks }), [complaint]));
  }
  it("nothing at all", () => {
    const missing = ["missing required field: text [json-pointer:/text]"];
    assert.deepEqual(blockKitProblems({}), missing);
    assert.deepEqual(blockKitProblems({ text: "", blocks: [] }), missing);
  });
  it("a text of more than 40,000 characters", () => {
    const long = ["must be less than 40001 characters [json-pointer:/text]"];
    assert.deepEqual(blockKitProblems({ text: "x".repeat(40_001) }), long);
  });
  it("an attachment whose blocks are wrong, with ids that the message has", () => {
    const found = blockKitProblems({
      blocks: [section("a", { block_id: "a" })],
      attachments: [{ blocks: [section("b", { block_id: "a" }), { type: "section" }] }, "a"],
    });
    assert.deepEqual(found, [
      '`block_id` "a" already exists [json-pointer:/attachments/0/blocks/0/block_id]',
      "missing required field: text [json-pointer:/attachments/0/blocks/1]",
      "must provide an object [json-pointer:/attachments/1]",
    ]);
  });
});

it("counts the characters of texts in blocks, not those of ids and values", () => {
  const blocks = [section("abc", { block_id: "long-id" }), actions(button({ value: "value" }))];
  assert.equal(blockTextLength(blocks), 5);
});
