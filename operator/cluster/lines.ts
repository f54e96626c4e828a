/** Splits a stream of bytes into lines of UTF-8; a character may be split between chunks. The last line needs no end. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  // Parts of one line that have arrived: joined once, so that a long line costs its length and not its square.
  let parts: string[] = [];
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      parts.push(text.slice(0, end));
      const line = parts.join("");
      parts = [];
      if (line !== "") yield line;
      text = text.slice(end + 1);
    }
    if (text !== "") parts.push(text);
  }
  const rest = parts.join("") + decoder.decode();
  if (rest !== "") yield rest;
}
