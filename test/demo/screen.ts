/** Where the story is told: lines for a person, colour on a terminal only, and the same lines kept for a picture. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";

const codes: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

export interface Screen {
  line(text?: string): void;
  /** A line that the next one replaces, on a terminal; elsewhere nothing. */
  passing(text: string): void;
  /** Every line with its colours, from `record` on. */
  readonly recorded: readonly string[];
}

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly color: boolean;
  readonly columns: number;
}

/** Text in a style, as a terminal understands it (ECMA-48 SGR). */
export function styled(style: Style, text: string): string {
  return `\u001b[${codes[style]}m${text}\u001b[0m`;
}

export function createScreen({ write, isTerminal, color, columns }: ScreenOptions): Screen {
  const recorded: string[] = [];
  let passing = false;
  const clear = (): void => {
    if (passing) write("\r\u001b[2K");
    passing = false;
  };
  return {
    recorded,
    line(text = "") {
      clear();
      recorded.push(text);
      write(`${color ? text : plain(text)}\n`);
    },
    passing(text) {
      if (!isTerminal) return;
      clear();
      write(text.slice(0, columns - 1));
      passing = true;
    },
  };
}

/** Without colours. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape is what is looked for
  return text.replaceAll(/\u001b\[\d+m/g, "");
}
