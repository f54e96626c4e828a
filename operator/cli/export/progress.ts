/** One line of a terminal that tells how far a long work is. */
import type { Terminal } from "../command.ts";
import { printableLine } from "../printable.ts";

export interface Progress {
  /** `done` of `total`, and what is being done; the line is redrawn at most 20 times a second. */
  show(done: number, total: number, what: string): void;
  /** Takes the line away. */
  clear(): void;
}

const width = 24;
const leastMs = 50;
const eraseLine = "\r\u001b[K";

/** Without `isShown`, nothing is ever printed. */
export function createProgress(terminal: Terminal, now: () => number, isShown: boolean): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    show(done, total, what) {
      if (!isShown || (now() - drawnAt < leastMs && done < total)) return;
      drawnAt = now();
      isDrawn = true;
      terminal.err(`${eraseLine}${bar(done, total)} ${printableLine(what).slice(0, 50)}`);
    },
    clear() {
      if (isDrawn) terminal.err(eraseLine);
      isDrawn = false;
    },
  };
}

/** `[######------------------] 12/48` */
export function bar(done: number, total: number): string {
  const full = total === 0 ? width : Math.min(width, Math.floor((done / total) * width));
  return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${done}/${total}`;
}
