import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMrkdwn } from "./mrkdwn.ts";
import { renderBlockKit } from "./render.ts";
import { textWidth, wrapped } from "./svg-text.ts";
import type { JsonObject } from "./values.ts";

const mrkdwn = (text: string): JsonObject => ({ type: "mrkdwn", text });
const section = (text: string): JsonObject => ({ type: "section", text: mrkdwn(text) });
const button = (text: string, more: JsonObject = {}): JsonObject => ({
  type: "button",
  text: { type: "plain_text", text },
  action_id: text,
  ...more,
});
/** What a reader sees, piece by piece. */
const words = (svg: string): string =>
  svg.replace(/<style>.*?<\/style>|<title>.*?<\/title>/gsu, "").replace(/<[^>]+>/gu, "·");
const heightOf = (svg: string): number => Number(/ height="([\d.]+)"/u.exec(svg)?.[1]);
const font = { size: 15, lineHeight: 22, color: "#000000" };

describe("mrkdwn", () => {
  const line = (text: string) => {
    const [first] = readMrkdwn(text);
    return first?.kind === "code" ? [] : first?.spans;
  };

  it("is read span by span", () => {
    assert.deepEqual(line("a *b _c_* ~d~ `*e*` f"), [
      { text: "a " },
      { text: "b ", bold: true },
      { text: "c", bold: true, italic: true },
      { text: " " },
      { text: "d", strike: true },
      { text: " " },
      { text: "*e*", code: true },
      { text: " f" },
    ]);
  });
  it("leaves alone what is no mark", () => {
    for (const text of ["2*3*4", "snake_case_name", "a * b * c", "10:30:00", "*open"]) {
      assert.deepEqual(line(text), [{ text }]);
    }
  });
  it("reads links, mentions, dates, emoji and entities", () => {
    assert.deepEqual(line("<https://a.b/?c=1&amp;d|e> <@U1> <#C1|drift>"), [
      { text: "e", link: "https://a.b/?c=1&d" },
      { text: " " },
      { text: "@U1", link: "" },
      { text: " " },
      { text: "#drift", link: "" },
    ]);
    assert.deepEqual(line("<!date^1392734382^{date_num} {date_short_pretty}, {time}|then>"), [
      { text: "2014-02-18 Feb 18, 2014, 2:39 PM" },
    ]);
    assert.deepEqual(line(":warning: &lt;a&gt; :nope:"), [
      { text: "⚠\ufe0e", color: "#c98a00" },
      { text: " <a> :nope:" },
    ]);
  });
  it("reads code blocks and quotes", () => {
    assert.deepEqual(readMrkdwn("a\n```\nb *c*\n&lt;d\n```\n> e"), [
      { kind: "text", spans: [{ text: "a" }] },
      { kind: "code", lines: ["b *c*", "<d"] },
      { kind: "quote", spans: [{ text: "e" }] },
    ]);
  });
});

describe("words", () => {
  it("are wrapped within the width, long ones inside", () => {
    const spans = [
      { text: "some words and " },
      { text: "bold ones ".repeat(9), bold: true },
      { text: "x".repeat(200) },
    ];
    const lines = wrapped(spans, 200, font);
    assert.ok(lines.length > 8);
    for (const one of lines) {
      const width = one.reduce((sum, span) => sum + textWidth(span.text.trimEnd(), span, font), 0);
      assert.ok(width <= 205, `${width}`);
    }
    assert.equal(
      lines.map((one) => one.map(({ text }) => text).join("")).join(""),
      spans.map(({ text }) => text).join(""),
    );
  });
  it("are wider in bold and narrower with thin letters", () => {
    assert.ok(textWidth("word", { bold: true }, font) > textWidth("word", {}, font));
    assert.ok(textWidth("illi", {}, font) < textWidth("mwmw", {}, font));
  });
});

describe("the picture", () => {
  it("is one self-contained SVG with the app's name, badge and time", () => {
    const svg = renderBlockKit({ text: "*hello*", app: "Drift", time: "2:48 PM", edited: true });
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="720" height="[\d.]+"/u);
    assert.ok(svg.endsWith("</svg>\n"));
    assert.doesNotMatch(svg, /<script|<image|url\(|@import|NaN|undefined|Infinity/u);
    for (const seen of ["Drift", "APP", "2:48 PM", "hello", "(edited)"])
      assert.ok(words(svg).includes(`·${seen}·`), seen);
    assert.match(svg, /<tspan font-weight="700">hello<\/tspan>/u);
  });
  it("shows blocks instead of the text, and every kind of them", () => {
    const svg = renderBlockKit({
      text: "fallback",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "A header" } },
        { ...section("beside"), accessory: button("Details") },
        { type: "section", fields: [mrkdwn("*Since*\nnoon"), mrkdwn("*Who*\nada"), mrkdwn("third")] },
        { type: "divider" },
        { type: "actions", elements: [button("Keep", { style: "primary" }), button("Undo", { style: "danger" })] },
        { type: "context", elements: [mrkdwn("cluster `prod`"), { type: "image", alt_text: "i", image_url: "x" }] },
        { type: "image", image_url: "https://example.com/a.png", alt_text: "a graph" },
        { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "rich" }] }] },
        { type: "markdown", text: "marked" },
      ],
    });
    assert.ok(!words(svg).includes("fallback"));
    const seen = ["A header", "beside", "Details", "Since", "noon", "Who", "third", "Keep", "Undo", "prod", "a graph"];
    for (const word of [...seen, "rich", "marked"]) assert.ok(words(svg).includes(word), word);
    assert.match(svg, /fill="#007a5a"/u);
    assert.match(svg, /fill="#e01e5a"/u);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|example\.com/u);
  });
  it("reads emoji of plain texts, and no marks", () => {
    const svg = renderBlockKit({
      blocks: [{ type: "header", text: { type: "plain_text", text: ":red_circle: *a*" } }],
    });
    assert.match(svg, /<tspan fill="#dd2e44">●<\/tspan> \*a\*</u);
  });
  it("sets fields in two columns", () => {
    const svg = renderBlockKit({ blocks: [{ type: "section", fields: ["a1", "b1", "a2", "b2"].map(mrkdwn) }] });
    const places = ["a1", "b1", "a2", "b2"].map((word) =>
      new RegExp(`x="([\\d.]+)" y="([\\d.]+)"[^>]*>${word}<`, "u").exec(svg),
    );
    const [a1, b1, a2, b2] = places.map((match) => [Number(match?.[1]), Number(match?.[2])] as const);
    assert.ok(a1 !== undefined && b1 !== undefined && a2 !== undefined && b2 !== undefined);
    assert.deepEqual([a1[0], b1[0], a1[1], a2[1]], [a2[0], b2[0], b1[1], b2[1]]);
    assert.ok(b1[0] > a1[0] && a2[1] > a1[1]);
  });
  it("has a bar of the attachment's colour, and no other than a colour", () => {
    const picture = (color: string): string => renderBlockKit({ attachments: [{ color, blocks: [section("a")] }] });
    assert.match(picture("#e01e5a"), /width="4" height="22" rx="2" fill="#e01e5a"/u);
    assert.match(picture("good"), /fill="#2eb67d"/u);
    assert.doesNotMatch(picture('"/><script>'), /script/u);
  });
  it("escapes all that was written", () => {
    const evil = `<script>&"'\u0000\ud800]]>`;
    const svg = renderBlockKit({
      text: evil,
      app: evil,
      time: evil,
      blocks: [
        section("&lt;script&gt; `&lt;script&gt;` ```&lt;script&gt;```"),
        section(`<https://example.com/"onclick="a|"> <javascript:alert(1)|b>`),
        { type: "actions", elements: [button(evil)] },
      ],
    });
    assert.doesNotMatch(svg, /<script|javascript:|"onclick/u);
    assert.ok(!svg.includes("\u0000"));
    assert.match(svg, /&lt;script&gt;/u);
    assert.ok(svg.isWellFormed());
  });
  it("grows with what it shows", () => {
    const short = renderBlockKit({ blocks: [section("a")] });
    const long = renderBlockKit({ blocks: [section("word ".repeat(200)), section("```\n1\n2\n3\n```")] });
    assert.ok(heightOf(long) > heightOf(short) + 200);
    assert.ok(heightOf(renderBlockKit({ blocks: [section("word ".repeat(200))], width: 400 })) > heightOf(long));
    assert.ok(heightOf(renderBlockKit({})) >= 68);
  });
});
