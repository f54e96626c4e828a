/** PURE: a message as a picture that looks like Slack's light theme, without a script, a font or an image of its own. */
import { type Paragraph, readMrkdwn, readPlain, type Span } from "./mrkdwn.ts";
import { drawLine, escapeXml, type Font, type Piece, rect, round, textWidth, wrapped } from "./svg-text.ts";
import { type Attachment, isArray, isObject, type Json, type JsonObject, textOf } from "./values.ts";

export interface RenderedMessage {
  readonly text?: string;
  readonly blocks?: readonly JsonObject[];
  readonly attachments?: readonly Attachment[];
  /** Default: `Clickscribe`. */
  readonly app?: string;
  /** As it is shown; default: `9:41 AM`. */
  readonly time?: string;
  readonly edited?: boolean;
  /** Pixels; default: 720. */
  readonly width?: number;
}

const body: Font = { size: 15, lineHeight: 22, color: "#1d1c1d" };
const small: Font = { size: 12, lineHeight: 18, color: "#616061" };
const title: Font = { size: 18, lineHeight: 24, color: "#1d1c1d", bold: true };
const name: Font = { ...body, bold: true };
const label: Font = { size: 13, lineHeight: 18, color: "#1d1c1d", bold: true };
const codeFont: Font = { size: 15, lineHeight: 18, color: "#1d1c1d" };

const gap = 8;
const margin = 16;
const iconSize = 36;
const left = margin + iconSize + 8;
const attachmentColors: Readonly<Record<string, string>> = { good: "#2eb67d", warning: "#daa038", danger: "#a30200" };
const style =
  "text{font-family:Lato,'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans Condensed',sans-serif}" +
  ".mono{font-family:Monaco,Menlo,Consolas,'Liberation Mono',monospace}";

/**
 * An SVG document. Widths are estimated, so lines may break elsewhere than in Slack; images are shown by their alt text,
 * emoji by the fonts of whoever looks.
 */
export function renderBlockKit(message: RenderedMessage): string {
  const width = message.width ?? 720;
  const room = width - left - margin;
  const { text = "", blocks = [], attachments = [] } = message;
  const pieces = [
    ...(blocks.length > 0
      ? blocks.map((block) => drawBlock(block, room))
      : text === ""
        ? []
        : [mrkdwn(text, room, body)]),
    ...attachments.map((attachment) => drawAttachment(attachment, room)),
    ...(message.edited === true ? [lines([[{ text: "(edited)" }]], small)] : []),
  ];
  const content = column(pieces, gap);
  const top = margin + body.lineHeight + 2;
  const height = Math.max(top + content.height, margin + iconSize) + margin;
  const app = message.app ?? "Clickscribe";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${round(height)}" viewBox="0 0 ${width} ${round(height)}" role="img">`,
    `<title>${escapeXml(text === "" ? app : text)}</title><style>${style}</style>`,
    rect(0.5, 0.5, width - 1, height - 1, 'rx="8" fill="#ffffff" stroke="#dddddd"'),
    icon(app),
    headLine(app, message.time ?? "9:41 AM"),
    content.draw(left, top),
    "</svg>\n",
  ].join("\n");
}

function icon(app: string): string {
  const middle = margin + iconSize / 2;
  const letter = escapeXml(Array.from(app)[0]?.toUpperCase() ?? "");
  return [
    rect(margin, margin, iconSize, iconSize, 'rx="6" fill="#4a154b"'),
    `<text x="${middle}" y="${middle + 7}" font-size="20" font-weight="700" fill="#ffffff" text-anchor="middle">${letter}</text>`,
  ].join("");
}

function headLine(app: string, time: string): string {
  const badge = left + textWidth(app, {}, name) + 6;
  const y = margin - 1;
  return [
    drawLine([{ text: app }], name, left, y),
    rect(badge, y + 4, 28, 14, 'rx="2" fill="#ebebeb"'),
    `<text x="${round(badge + 14)}" y="${y + 14.5}" font-size="10" font-weight="700" fill="#616061" text-anchor="middle">APP</text>`,
    drawLine([{ text: time }], small, badge + 34, y + 2),
  ].join("");
}

function drawBlock(block: JsonObject, room: number): Piece {
  const { type, text, elements } = block;
  if (type === "divider") return divider(room);
  if (type === "header") return textObject(text, room, title);
  if (type === "section") return section(block, room);
  if (type === "context") return context(isArray(elements) ? elements : [], room);
  if (type === "actions") return flow((isArray(elements) ? elements : []).map(chip), room, 8);
  if (type === "image") return image(block, room);
  if (type === "markdown") return mrkdwn(textOf(text) ?? "", room, body);
  return mrkdwn(allText(block), room, body);
}

function section(block: JsonObject, room: number): Piece {
  const { text, fields, accessory } = block;
  const beside = isObject(accessory) ? chip(accessory) : undefined;
  const inner = beside === undefined ? room : room - beside.width - 16;
  const column2 = (inner - 16) / 2;
  const cells = (isArray(fields) ? fields : []).map((field) => textObject(field, column2, body));
  const rows = Array.from({ length: Math.ceil(cells.length / 2) }, (_, row): Piece => {
    const pair = cells.slice(row * 2, row * 2 + 2);
    return {
      height: Math.max(...pair.map(({ height }) => height)),
      draw: (x, y) => pair.map((cell, index) => cell.draw(x + index * (column2 + 16), y)).join(""),
    };
  });
  const whole = column([...(text === undefined ? [] : [textObject(text, inner, body)]), ...rows], gap);
  if (beside === undefined) return whole;
  return {
    height: Math.max(whole.height, beside.height),
    draw: (x, y) => whole.draw(x, y) + beside.draw(x + room - beside.width, y),
  };
}

function context(elements: readonly Json[], room: number): Piece {
  const parts = elements.map((element): Chip => {
    if (isObject(element) && element["type"] === "image") {
      return { width: 20, height: 20, draw: (x, y) => rect(x, y, 20, 20, 'rx="4" fill="#dddddd"') };
    }
    const piece = textObject(element, room, small);
    const spans = isObject(element) ? paragraphs(element).flatMap((one) => (one.kind === "code" ? [] : one.spans)) : [];
    const width = spans.reduce((sum, span) => sum + textWidth(span.text, span, small), 0);
    return { ...piece, width: Math.min(room, width) };
  });
  return flow(parts, room, 8);
}

interface Chip extends Piece {
  readonly width: number;
}

/** An element of actions or an accessory: a button; a menu or a picture as a box. */
function chip(element: Json): Chip {
  if (!isObject(element)) return { width: 0, height: 0, draw: () => "" };
  if (element["type"] === "image") {
    return { width: 72, height: 72, draw: (x, y) => rect(x, y, 72, 72, 'rx="6" fill="#e8e8e8" stroke="#cccccc"') };
  }
  const holder = element["text"] ?? element["placeholder"];
  const text = isObject(holder) ? firstLine(holder) : (textOf(element["type"]) ?? "");
  const fill = element["style"] === "primary" ? "#007a5a" : element["style"] === "danger" ? "#e01e5a" : "#ffffff";
  const isPlain = fill === "#ffffff";
  const font: Font = { ...label, color: isPlain ? "#1d1c1d" : "#ffffff" };
  const width = textWidth(text, {}, font) + 24;
  return {
    width,
    height: 30,
    draw: (x, y) =>
      rect(x + 0.5, y + 0.5, width - 1, 29, `rx="6" fill="${fill}" stroke="${isPlain ? "#bbbbbb" : fill}"`) +
      drawLine([{ text }], font, x + 12, y + 6),
  };
}

function image(block: JsonObject, room: number): Piece {
  const width = Math.min(room, 360);
  const alt = lines(wrapped([{ text: textOf(block["alt_text"]) ?? "" }], width - 24, small), small);
  const height = Math.max(120, alt.height + 24);
  const box: Piece = {
    height,
    draw: (x, y) => rect(x, y, width, height, 'rx="8" fill="#f4f4f4" stroke="#cccccc"') + alt.draw(x + 12, y + 12),
  };
  return block["title"] === undefined ? box : column([textObject(block["title"], room, body), box], 4);
}

function divider(room: number): Piece {
  return { height: 9, draw: (x, y) => rect(x, y + 4, room, 1, 'fill="#dddddd"') };
}

function drawAttachment(attachment: Attachment, room: number): Piece {
  const { color = "#dddddd", blocks = [], text, fallback } = attachment;
  const inner = room - 16;
  const words = text ?? (blocks.length === 0 ? fallback : undefined);
  const content = column(
    [...(words === undefined ? [] : [mrkdwn(words, inner, body)]), ...blocks.map((block) => drawBlock(block, inner))],
    gap,
  );
  const known = attachmentColors[color] ?? (/^#[0-9a-f]{3,6}$/iu.test(color) ? color : "#dddddd");
  return {
    height: content.height,
    draw: (x, y) => rect(x, y, 4, content.height, `rx="2" fill="${known}"`) + content.draw(x + 16, y),
  };
}

function textObject(value: Json | undefined, room: number, font: Font): Piece {
  return isObject(value) ? flowText(paragraphs(value), room, font) : { height: 0, draw: () => "" };
}

function paragraphs(value: JsonObject): readonly Paragraph[] {
  const text = textOf(value["text"]) ?? "";
  return value["type"] === "mrkdwn" ? readMrkdwn(text) : readPlain(text);
}

function mrkdwn(text: string, room: number, font: Font): Piece {
  return flowText(readMrkdwn(text), room, font);
}

function flowText(all: readonly Paragraph[], room: number, font: Font): Piece {
  return column(
    all.map((one) => {
      if (one.kind === "code") return codeBlock(one.lines, room);
      if (one.kind === "text") return lines(wrapped(one.spans, room, font), font);
      const quoted = lines(wrapped(one.spans, room - 16, font), font);
      const bar = (x: number, y: number): string => rect(x, y, 4, quoted.height, 'fill="#dddddd"');
      return { height: quoted.height, draw: (x, y) => bar(x, y) + quoted.draw(x + 16, y) };
    }),
    0,
  );
}

function codeBlock(source: readonly string[], room: number): Piece {
  const size = 12;
  const most = Math.max(1, Math.floor((room - 18) / (size * 0.6)));
  const rows = source.flatMap((line) => {
    const characters = Array.from(line.replaceAll("\t", "    "));
    const count = Math.max(1, Math.ceil(characters.length / most));
    return Array.from({ length: count }, (_, row) => characters.slice(row * most, (row + 1) * most).join(""));
  });
  const height = rows.length * codeFont.lineHeight + 16;
  const row = (text: string, x: number, y: number): string =>
    text.trim() === ""
      ? ""
      : `<text class="mono" x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${codeFont.color}" xml:space="preserve">${escapeXml(text)}</text>`;
  return {
    height: height + 8,
    draw: (x, y) =>
      rect(x + 0.5, y + 4.5, room - 1, height - 1, 'rx="4" fill="#f8f8f8" stroke="#dddddd"') +
      rows.map((text, index) => row(text, x + 9, y + 4 + 8 + index * codeFont.lineHeight + 13)).join(""),
  };
}

function lines(all: readonly (readonly Span[])[], font: Font): Piece {
  return {
    height: all.length * font.lineHeight,
    draw: (x, y) => all.map((spans, index) => drawLine(spans, font, x, y + index * font.lineHeight)).join(""),
  };
}

function column(pieces: readonly Piece[], space: number): Piece {
  const height = pieces.reduce((sum, piece) => sum + piece.height, 0) + Math.max(0, pieces.length - 1) * space;
  const draw = (x: number, y: number): string => {
    let at = y;
    return pieces
      .map((piece) => {
        const drawn = piece.draw(x, at);
        at += piece.height + space;
        return drawn;
      })
      .join("\n");
  };
  return { height, draw };
}

/** One after another, in as many rows as it takes. */
function flow(chips: readonly Chip[], room: number, space: number): Piece {
  const rows: Chip[][] = [];
  let used = 0;
  for (const one of chips) {
    if (rows.length === 0 || used + one.width > room) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(one);
    used += one.width + space;
  }
  return column(
    rows.map((row) => ({
      height: Math.max(...row.map(({ height }) => height)),
      draw: (x, y) => {
        let at = x;
        return row
          .map((one) => {
            const drawn = one.draw(at, y);
            at += one.width + space;
            return drawn;
          })
          .join("");
      },
    })),
    space,
  );
}

function firstLine(holder: JsonObject): string {
  const [first] = paragraphs(holder);
  return first === undefined || first.kind === "code" ? "" : first.spans.map(({ text }) => text).join("");
}

/** All texts in what has no picture of its own, such as rich_text. */
function allText(value: Json): string {
  if (isArray(value)) return value.map(allText).join("");
  if (!isObject(value)) return "";
  return Object.entries(value)
    .map(([key, one]) => (key === "text" && typeof one === "string" ? one : allText(one)))
    .join("");
}
