/** `*` is any text. In time that grows with the text, whatever the pattern: parts are looked for one after the other. */
export function glob(pattern: string): (text: string) => boolean {
  const parts = pattern.split("*");
  const [head = ""] = parts;
  if (parts.length === 1) return (text) => text === pattern;
  const tail = parts.at(-1) ?? "";
  return (text) => {
    if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
    let at = head.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - tail.length;
  };
}
