/** PURE: reads Slack's mrkdwn into lines of styled spans, as far as messages of tests use it. */

export interface Style {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  readonly code?: boolean;
  /** Where it leads; mentions lead nowhere and are blue too. */
  readonly link?: string;
  /** Of the sign, whatever colour the text has. */
  readonly color?: string;
}

export interface Span extends Style {
  readonly text: string;
}

export type Paragraph =
  | { readonly kind: "text" | "quote"; readonly spans: readonly Span[] }
  | { readonly kind: "code"; readonly lines: readonly string[] };

const tokens = new RegExp(
  [
    /`(?<code>[^`\n]+)`/u,
    /<(?<angle>[^<>\n]+)>/u,
    /(?<![\w*])\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/u,
    /(?<!\w)_(?<italic>[^\s_](?:[^\n]*?[^\s_])?)_(?!\w)/u,
    /(?<![\w~])~(?<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/u,
    /:(?<emoji>[a-z0-9_+-]+):/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gu",
);

/** The common ones as signs that text fonts have, in the colours of their pictures. */
const emoji: Readonly<Record<string, Span>> = {
  white_check_mark: { text: "✔\ufe0e", color: "#2e9e4f" },
  heavy_check_mark: { text: "✔\ufe0e" },
  x: { text: "✖\ufe0e", color: "#dd2e44" },
  warning: { text: "⚠\ufe0e", color: "#c98a00" },
  hourglass: { text: "⌛\ufe0e" },
  hourglass_flowing_sand: { text: "⌛\ufe0e" },
  red_circle: { text: "●", color: "#dd2e44" },
  large_yellow_circle: { text: "●", color: "#f2b90f" },
  large_orange_circle: { text: "●", color: "#f4900c" },
  large_green_circle: { text: "●", color: "#2e9e4f" },
  large_blue_circle: { text: "●", color: "#1d9bd1" },
  white_circle: { text: "○" },
  pencil2: { text: "✎" },
  arrow_right: { text: "→" },
  rotating_light: { text: "🚨" },
  eyes: { text: "👀" },
  bell: { text: "🔔" },
  no_entry: { text: "⛔" },
  mag: { text: "🔍" },
  lock: { text: "🔒" },
  tada: { text: "🎉" },
};

/** Of a mrkdwn text: one paragraph a line, code blocks in one. */
export function readMrkdwn(text: string): readonly Paragraph[] {
  return text.split("```").flatMap((part, index) => {
    if (index % 2 === 1) return [{ kind: "code" as const, lines: decoded(part.replace(/^\n|\n$/gu, "")).split("\n") }];
    const trimmed = part.replace(index === 0 ? /$^/u : /^\n/u, "").replace(/\n$/u, "");
    return trimmed === "" && part !== text ? [] : trimmed.split("\n").map(readLine);
  });
}

/** Of a plain_text: emoji alone are read. */
export function readPlain(text: string): readonly Paragraph[] {
  return text.split("\n").map((line) => ({
    kind: "text",
    spans: joined(line.split(/(:[a-z0-9_+-]+:)/u).map((part) => emojiOf(part.slice(1, -1)) ?? { text: part })),
  }));
}

function readLine(line: string): Paragraph {
  const quoted = /^(?:>|&gt;)\s?(.*)$/u.exec(line)?.[1];
  return quoted === undefined
    ? { kind: "text", spans: spansOf(line, {}) }
    : { kind: "quote", spans: spansOf(quoted, {}) };
}

function spansOf(text: string, style: Style): readonly Span[] {
  const spans: Span[] = [];
  const plain = (part: string): void => {
    if (part !== "") spans.push({ ...style, text: decoded(part) });
  };
  let last = 0;
  for (const match of text.matchAll(tokens)) {
    plain(text.slice(last, match.index));
    last = match.index + match[0].length;
    const { code, angle, bold, italic, strike, emoji: name } = match.groups ?? {};
    if (code !== undefined) spans.push({ ...style, text: decoded(code), code: true });
    else if (angle !== undefined) spans.push(...angled(angle, style));
    else if (bold !== undefined) spans.push(...spansOf(bold, { ...style, bold: true }));
    else if (italic !== undefined) spans.push(...spansOf(italic, { ...style, italic: true }));
    else if (strike !== undefined) spans.push(...spansOf(strike, { ...style, strike: true }));
    else spans.push({ ...style, ...(emojiOf(name ?? "") ?? { text: match[0] }) });
  }
  plain(text.slice(last));
  return joined(spans);
}

/** What stands between `<` and `>`: links, mentions, dates. */
function angled(inside: string, style: Style): readonly Span[] {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : decoded(inside.slice(bar + 1));
  if (target.startsWith("!date^")) {
    const [, seconds = "", format = "", link] = target.split("^");
    const text = dateText(Number(seconds), format) ?? label ?? "";
    return [{ ...style, text, ...(link === undefined ? {} : { link }) }];
  }
  if (/^[@#!]/u.test(target)) {
    const sign = target.startsWith("#") ? "#" : "@";
    return [
      {
        ...style,
        text: label === undefined ? `${sign}${target.slice(1)}` : sign + label.replace(/^[@#]/u, ""),
        link: "",
      },
    ];
  }
  return [{ ...style, text: label ?? decoded(target), link: decoded(target) }];
}

const dateParts: Readonly<Record<string, Intl.DateTimeFormatOptions>> = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { year: "numeric", month: "long", day: "numeric", weekday: "long" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

/** In UTC: Slack shows the reader's own time. */
function dateText(seconds: number, format: string): string | undefined {
  if (!Number.isFinite(seconds)) return undefined;
  const date = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    if (name === "date_num") return date.toISOString().slice(0, 10);
    const parts = dateParts[name.replace(/_pretty$/u, "")];
    return parts === undefined ? whole : date.toLocaleString("en-US", { ...parts, timeZone: "UTC" });
  });
}

function emojiOf(name: string): Span | undefined {
  return Object.hasOwn(emoji, name) ? emoji[name] : undefined;
}

function decoded(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Neighbours of one style become one span. */
export function joined(spans: readonly Span[]): readonly Span[] {
  const style = ({ text: _text, ...rest }: Span): string => JSON.stringify(rest);
  return spans.reduce<Span[]>((all, span) => {
    const last = all.at(-1);
    if (last !== undefined && style(last) === style(span))
      all[all.length - 1] = { ...last, text: last.text + span.text };
    else all.push(span);
    return all;
  }, []);
}
