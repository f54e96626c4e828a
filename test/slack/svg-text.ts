/** PURE: styled text as SVG: widths are estimated by those of Arial, lines are wrapped at words, all text is escaped. */
import { joined, type Span } from "./mrkdwn.ts";

export interface Font {
  /** Pixels. */
  readonly size: number;
  readonly lineHeight: number;
  readonly color: string;
  readonly bold?: boolean;
}

/** A part of a picture: how high it is, and its SVG at a place. */
export interface Piece {
  readonly height: number;
  readonly draw: (x: number, y: number) => string;
}

const linkColor = "#1264a3";
const monoWidth = 0.6;

/** Widths in thousandths of the font's size. */
const widths: readonly (readonly [characters: string, width: number])[] = [
  ["ijl'", 222],
  ["!,./:;I|ft[]\\ ", 278],
  ['()-r`{}"*', 333],
  ["ckJsvxyz", 500],
  ["FTZ", 611],
  ["ABEKPSVXY&", 667],
  ["CDHNRUw", 722],
  ["GOQ", 778],
  ["mM", 833],
  ["W", 944],
  ["@", 1015],
  ["●○✔✖⚠⌛✎→", 850],
  ["\ufe0e\ufe0f", 0],
];
const widthOf = new Map(
  widths.flatMap(([characters, width]) => Array.from(characters, (one) => [one, width] as const)),
);

/** Pixels. */
export function textWidth(text: string, span: Omit<Span, "text">, font: Font): number {
  let sum = 0;
  for (const character of text) {
    if (span.code === true) sum += character.codePointAt(0)! > 0x2000 ? 1.2 : monoWidth;
    else sum += (widthOf.get(character) ?? (isWide(character) ? 1300 : 556)) / 1000;
  }
  const size = span.code === true ? codeSize(font) : font.size;
  const isBold = span.bold === true || font.bold === true;
  return sum * size * (isBold && span.code !== true ? 1.1 : 1) + (span.code === true ? 4 : 0);
}

/** Lines no wider than `width`, broken after spaces and hyphens, and inside of words that are wider. */
export function wrapped(spans: readonly Span[], width: number, font: Font): readonly (readonly Span[])[] {
  const lines: Span[][] = [[]];
  let used = 0;
  const add = (span: Span, room: number): void => {
    lines.at(-1)?.push(span);
    used += room;
  };
  const newLine = (): void => {
    lines.push([]);
    used = 0;
  };
  for (const span of spans) {
    for (const word of span.text.split(/(?<=[\s-])/u)) {
      const piece = { ...span, text: word };
      const room = textWidth(word, span, font);
      if (used > 0 && used + textWidth(word.trimEnd(), span, font) > width) newLine();
      if (room <= width) add(piece, room);
      else {
        for (const character of word) {
          const one = textWidth(character, { ...span, code: false }, font);
          if (used + one > width) newLine();
          add({ ...span, text: character }, one);
        }
      }
    }
  }
  return lines.map(joined);
}

/**
 * One line of spans; `y` is that of its top. Spans between pieces of code are one text, so that they follow each other
 * whatever the font; `textLength` makes that text as wide as was estimated.
 */
export function drawLine(spans: readonly Span[], font: Font, x: number, y: number): string {
  const baseline = y + font.lineHeight / 2 + font.size * 0.35;
  let at = x;
  return runs(spans)
    .map((run) => {
      const start = at;
      const width = run.reduce((sum, span) => sum + textWidth(span.text, span, font), 0);
      at += width;
      return run[0]?.code === true
        ? drawCode(run, font, start, y, baseline, width)
        : drawText(run.map(drawSpan).join(""), font, start, baseline, width, "");
    })
    .join("");
}

function drawCode(run: readonly Span[], font: Font, x: number, y: number, baseline: number, width: number): string {
  const height = font.size + 4;
  const back = rect(x, y + (font.lineHeight - height) / 2, width, height, 'rx="3" fill="#f6f6f6" stroke="#dddddd"');
  const code: Font = { ...font, size: codeSize(font), color: "#c01343" };
  return back + drawText(run.map(drawSpan).join(""), code, x + 2, baseline, width - 4, ' class="mono"');
}

function drawText(content: string, font: Font, x: number, y: number, width: number, more: string): string {
  if (content.trim() === "") return "";
  const weight = font.bold === true ? ' font-weight="700"' : "";
  const fitted = `textLength="${round(width)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"`;
  const look = `fill="${font.color}" font-size="${font.size}"${weight}${more}`;
  return `<text x="${round(x)}" y="${round(y)}" ${look} ${fitted}>${content}</text>`;
}

function drawSpan({ text, bold, italic, strike, link, color }: Span): string {
  const attributes = [
    ...(link === undefined && color === undefined ? [] : [`fill="${color ?? linkColor}"`]),
    ...(bold === true ? ['font-weight="700"'] : []),
    ...(italic === true ? ['font-style="italic"'] : []),
    ...(strike === true ? ['text-decoration="line-through"'] : []),
  ];
  const drawn = attributes.length === 0 ? escapeXml(text) : `<tspan ${attributes.join(" ")}>${escapeXml(text)}</tspan>`;
  return link !== undefined && /^(?:https?|mailto):/u.test(link) ? `<a href="${escapeXml(link)}">${drawn}</a>` : drawn;
}

/** Neighbours together: code with code, the rest with the rest. */
function runs(spans: readonly Span[]): readonly (readonly Span[])[] {
  return spans.reduce<Span[][]>((all, span) => {
    const last = all.at(-1);
    if (last !== undefined && (last[0]?.code === true) === (span.code === true)) last.push(span);
    else all.push([span]);
    return all;
  }, []);
}

export function rect(x: number, y: number, width: number, height: number, more: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${more}/>`;
}

/** Text that XML takes: escaped, without the characters that it forbids. */
export function escapeXml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, "\ufffd")
      .replace(/[\ud800-\udfff]/gu, "\ufffd")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
  );
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function codeSize(font: Font): number {
  return round(font.size * 0.8);
}

function isWide(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x1f000 || (code >= 0x2600 && code <= 0x27bf) || (code >= 0x3000 && code <= 0x9fff);
}
