/** Draws lines of a terminal as SVG, so that a README can show them. */
const palette: Readonly<Record<number, string>> = {
  31: "#f47067",
  32: "#57ab5a",
  33: "#c69026",
  34: "#539bf5",
  35: "#b083f0",
  36: "#39c5cf",
};
const ground = "#1c2128";
const ink = "#d0d7de";
const faint = "#768390";
const cell = { width: 8.1, height: 19, size: 13.5 };
const margin = 22;
const titleBar = 34;

export function drawTerminal(lines: readonly string[], title: string): string {
  const columns = Math.max(80, ...lines.map((line) => spans(line).reduce((n, { text }) => n + text.length, 0)));
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = Math.ceil(lines.length * cell.height + titleBar + 2 * margin);
  const body = lines
    .map((line, row) => drawLine(line, margin, titleBar + margin + (row + 0.75) * cell.height))
    .join("\n");
  const dots = ["#f47067", "#c69026", "#57ab5a"]
    .map((fill, i) => `<circle cx="${20 + i * 18}" cy="17" r="5.5" fill="${fill}"/>`)
    .join("");
  const font = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<title>${escape(title)}</title>
<rect width="${width}" height="${height}" rx="9" fill="${ground}"/>
${dots}
<g font-family="${font}" font-size="${cell.size}" fill="${ink}" xml:space="preserve">
<text x="${width / 2}" y="22" text-anchor="middle" fill="${faint}">${escape(title)}</text>
${body}
</g>
</svg>
`;
}

function drawLine(line: string, x: number, y: number): string {
  let at = x;
  let out = "";
  for (const { text, style } of spans(line)) {
    const fill = style === 2 ? ` fill="${faint}"` : palette[style] ? ` fill="${palette[style]}"` : "";
    const weight = style === 1 ? ' font-weight="bold"' : "";
    const long = (text.length * cell.width).toFixed(1);
    if (text.trim() !== "") {
      out += `<text x="${at.toFixed(1)}" y="${y.toFixed(1)}" textLength="${long}" lengthAdjust="spacing"${fill}${weight}>${escape(text)}</text>`;
    }
    at += text.length * cell.width;
  }
  return out;
}

/** Runs of one style; 0 is none. */
function spans(line: string): readonly { readonly text: string; readonly style: number }[] {
  const found: { text: string; style: number }[] = [];
  let style = 0;
  // oxlint-disable-next-line no-control-regex -- the escapes are what the line is split at
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    // oxlint-disable-next-line no-control-regex -- as above
    const code = /^\u001b\[(\d+)m$/.exec(part)?.[1];
    if (code !== undefined) style = Number(code);
    else if (part !== "") found.push({ text: part, style });
  }
  return found;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
