/** PURE: where the parts of a parsed YAML text begin and end, by lines and with the comments that belong to them. */
import { type CST, isMap, isScalar, isSeq, type ParsedNode, Scalar, type YAMLMap, type YAMLSeq } from "yaml";

/** The text has a form that is not edited piece by piece. */
export class NoSplice extends Error {}

type Item = ParsedNode | null;
type Map_ = YAMLMap.Parsed;
type Seq = YAMLSeq.Parsed;
type Token = CST.CollectionItem;

/** Of a text that was parsed with `keepSourceTokens`. Its methods throw NoSplice where a node is of no usual form. */
export class Places {
  readonly #text: string;
  readonly #tokens = new Map<Map_ | Seq, readonly Token[]>();

  constructor(text: string) {
    this.#text = text;
  }

  pairAt(node: Map_, index: number): { readonly after: number; readonly indent: string } {
    const token = this.#tokensOf(node, ({ key, sep, value }) => Boolean(key ?? sep ?? value))[index];
    const colon = token?.sep?.find(({ type }) => type === "map-value-ind");
    const key = node.items[index]?.key;
    if (colon === undefined || key === undefined || token?.start.some(({ type }) => type === "explicit-key-ind"))
      throw new NoSplice();
    const column = key.range[0] - this.lineStart(key.range[0]);
    return { after: colon.offset + 1, indent: " ".repeat(column) };
  }

  dashAt(node: Seq, index: number): { readonly after: number; readonly indent: string } {
    const token = this.#tokensOf(node, ({ start }) => start.some(isDash))[index];
    const dash = token?.start.find(isDash);
    if (dash === undefined) throw new NoSplice();
    return { after: dash.offset + 1, indent: " ".repeat(dash.offset - this.lineStart(dash.offset)) };
  }

  /** Those of its entries; others hold nothing but comments. */
  #tokensOf(node: Map_ | Seq, isEntry: (token: Token) => boolean): readonly Token[] {
    const known = this.#tokens.get(node);
    if (known !== undefined) return known;
    const token = node.srcToken as { readonly items?: readonly Token[] } | undefined;
    const found = (token?.items ?? []).filter(isEntry);
    this.#tokens.set(node, found);
    return found;
  }

  itemLines(node: Seq, index: number): { readonly start: number; readonly end: number } {
    const dash = this.dashAt(node, index).after - 1;
    const line = this.lineStart(dash);
    if (this.#text.slice(line, dash).trim() !== "") throw new NoSplice();
    return { start: this.withComments(line), end: this.itemEnd(node, index) };
  }

  /** Behind the lines of an item, with comments that stand deeper than its dash. */
  itemEnd(node: Seq, index: number): number {
    const { after, indent } = this.dashAt(node, index);
    return this.#blockEnd(node.items[index] ?? null, after, indent.length);
  }

  pairEnd(node: Map_, index: number): number {
    const { after, indent } = this.pairAt(node, index);
    return this.#blockEnd(node.items[index]?.value ?? null, after, indent.length);
  }

  #blockEnd(node: Item, after: number, column: number): number {
    const isThere = node !== null && node.range[1] > node.range[0];
    let end = this.#nextLine(isThere ? Math.max(after, this.contentEnd(node)) : after);
    for (;;) {
      const comment = /^( *)#/.exec(this.#text.slice(end, end + 200));
      if (comment === null || (comment[1]?.length ?? 0) <= column) return end;
      end = this.#nextLine(end);
    }
  }

  /** Where the last character of a node's own text ends. */
  contentEnd(node: ParsedNode): number {
    if (isMap(node) && !node.flow) {
      const last = node.items.at(-1);
      if (last === undefined) return node.range[1];
      const isEmpty = last.value === null || last.value.range[1] === last.value.range[0];
      return isEmpty ? this.pairAt(node, node.items.length - 1).after : this.contentEnd(last.value as ParsedNode);
    }
    if (isSeq(node) && !node.flow) {
      const last = node.items.at(-1) ?? null;
      const isEmpty = last === null || last.range[1] === last.range[0];
      return isEmpty ? this.dashAt(node, node.items.length - 1).after : this.contentEnd(last);
    }
    const end = node.range[1];
    const isBlock = isScalar(node) && (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED);
    if (!isBlock) return end;
    const source = this.#text.slice(node.range[0], end);
    const keeps = /^[|>][0-9]?\+/.test(source);
    return node.range[0] + (keeps ? source.replace(/\r?\n$/, "") : source.trimEnd()).length;
  }

  /** The start of the comment lines directly above a line, of its own indentation. */
  withComments(line: number): number {
    const indent = /^ */.exec(this.#text.slice(line, line + 1_000))?.[0] ?? "";
    let start = line;
    while (start > 0) {
      const above = this.lineStart(start - 1);
      if (!this.#text.startsWith(`${indent}#`, above)) break;
      start = above;
    }
    return start;
  }

  lineStart(at: number): number {
    return this.#text.lastIndexOf("\n", at - 1) + 1;
  }

  /** Before the line's end. */
  lineEnd(at: number): number {
    const found = this.#text.indexOf("\n", at);
    if (found === -1) return this.#text.length;
    return this.#text[found - 1] === "\r" && found > at ? found - 1 : found;
  }

  #nextLine(at: number): number {
    const found = this.#text.indexOf("\n", at);
    return found === -1 ? this.#text.length : found + 1;
  }
}

function isDash({ type }: CST.SourceToken): boolean {
  return type === "seq-item-ind";
}
