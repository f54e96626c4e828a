import { plainText } from "../net/plain-text.ts";

const maxBytes = 8_192;
const maxCharacters = 200;

/** What the body of an error says, as one bounded line: text, the message of a JSON object, the title of a web page. */
export async function readWords(body: AsyncIterable<Uint8Array>, contentType: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      parts.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } catch {
    return "";
  }
  const text = Buffer.concat(parts).subarray(0, maxBytes).toString("utf8");
  return plainText(wordsIn(text, contentType.toLowerCase()), maxCharacters);
}

function wordsIn(text: string, contentType: string): string {
  if (contentType.startsWith("text/plain")) return text;
  if (contentType.startsWith("text/html")) return /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? "";
  return /^application\/([\w.-]+\+)?json/.test(contentType) ? messageIn(text) : "";
}

function messageIn(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { readonly message?: unknown; readonly error?: unknown };
    return [message, error].find((words) => typeof words === "string") ?? "";
  } catch {
    return "";
  }
}
