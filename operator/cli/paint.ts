/** Colours of a terminal, or none. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly strong: (text: string) => string;
}

/** Select Graphic Rendition, ECMA-48. */
const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;
const as = (text: string): string => text;

const colours: Paint = {
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warn: sgr(33, 39),
  quiet: sgr(2, 22),
  strong: sgr(1, 22),
};
const none: Paint = { good: as, bad: as, warn: as, quiet: as, strong: as };

export function paint(color: boolean): Paint {
  return color ? colours : none;
}
