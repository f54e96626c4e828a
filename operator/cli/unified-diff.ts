/** One line of a diff: kept, removed or added. */
export interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

const context = 3;
/** Beyond this many differing lines the middle is shown as removed and added as a whole. */
const maxEdits = 500;

/**
 * The hunks of a unified diff with three lines of context, without file headers; [] where nothing differs. undefined is
 * a file that is not there.
 */
export function unifiedDiff(before: string | undefined, after: string | undefined): readonly string[] {
  const lines = diffLines(split(before), split(after));
  const out: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const first = lines.findIndex(({ mark }, index) => index >= at && mark !== " ");
    if (first === -1) break;
    const start = Math.max(at, first - context);
    const end = endOfHunk(lines, first);
    out.push(hunkHeader(lines, start, end));
    for (const { mark, text } of lines.slice(start, end)) out.push(mark + text);
    at = end;
  }
  return out;
}

/** The shortest edit by Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const shorter = Math.min(before.length, after.length) - head;
  while (tail < shorter && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const keep = (text: string): DiffLine => ({ mark: " ", text });
  return [
    ...before.slice(0, head).map(keep),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(keep),
  ];
}

function middle(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const trace = searchEdits(before, after);
  if (trace === undefined) {
    const removed = before.map((text): DiffLine => ({ mark: "-", text }));
    return [...removed, ...after.map((text): DiffLine => ({ mark: "+", text }))];
  }
  const lines: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const previousX = edits === 0 ? 0 : (reach.get(down ? k + 1 : k - 1) ?? 0);
    const previousY = edits === 0 ? 0 : previousX - (down ? k + 1 : k - 1);
    while (x > previousX && y > previousY) {
      lines.push({ mark: " ", text: before[--x] ?? "" });
      y--;
    }
    if (edits === 0) break;
    if (down) lines.push({ mark: "+", text: after[--y] ?? "" });
    else lines.push({ mark: "-", text: before[--x] ?? "" });
  }
  return lines.toReversed();
}

/** For each number of edits, how far each diagonal was reached before it; undefined when there are too many. */
function searchEdits(
  before: readonly string[],
  after: readonly string[],
): readonly ReadonlyMap<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(maxEdits, before.length + after.length); edits++) {
    trace.push(new Map(reach));
    const next = new Map(reach);
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
      next.set(k, x);
      if (x >= before.length && x - k >= after.length) return trace;
    }
    reach = next;
  }
  return undefined;
}

/** After the last change that has no more than twice the context up to the next one. */
function endOfHunk(lines: readonly DiffLine[], first: number): number {
  let last = first;
  for (let index = first; index < lines.length && index - last <= 2 * context; index++) {
    if (lines[index]?.mark !== " ") last = index;
  }
  return Math.min(lines.length, last + 1 + context);
}

function hunkHeader(lines: readonly DiffLine[], start: number, end: number): string {
  const count = (mark: "-" | "+", from: number, to: number): number =>
    lines.slice(from, to).filter((line) => line.mark === " " || line.mark === mark).length;
  const range = (mark: "-" | "+"): string => {
    const size = count(mark, start, end);
    const from = count(mark, 0, start) + (size === 0 ? 0 : 1);
    return size === 1 ? `${mark}${from}` : `${mark}${from},${size}`;
  };
  return `@@ ${range("-")} ${range("+")} @@`;
}

function split(text: string | undefined): readonly string[] {
  if (text === undefined || text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : `${text}\n\\ No newline at end of file`).split("\n");
}
