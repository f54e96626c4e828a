import { printableLine } from "./printable.ts";

/** A cell and how it is painted; its text comes from anywhere. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Columns as kubectl prints them: as wide as the widest cell, three spaces apart; `-` where there is nothing. */
export function renderTable(header: readonly string[], rows: readonly (readonly (Cell | string)[])[]): string {
  const all = [header, ...rows].map((row) => row.map(cellOf));
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.text.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map(({ text, paint = as }, column) => {
        const padding = column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - text.length + 3);
        return paint(text) + padding;
      })
      .join(""),
  );
  return `${lines.join("\n")}\n`;
}

function cellOf(cell: Cell | string): Cell {
  const { text, ...rest } = typeof cell === "string" ? { text: cell } : cell;
  return { text: printableLine(text) || "-", ...rest };
}

function as(text: string): string {
  return text;
}
