/** PURE: texts of users on their way into Slack's mrkdwn, where they may mean nothing. */

/**
 * Slack's own three (https://docs.slack.dev/messaging/formatting-message-text), then what would turn into a format, a
 * mention, an emoji or a link by itself: a zero-width space keeps it apart. One line; `maxLength` is of the result.
 */
export function escapeText(text: string, maxLength = 300): string {
  return escaped(text, maxLength, (char, next) => {
    if (/[*_~`]/.test(char)) return `${char}\u200b`;
    return /[@:]/.test(char) && /[\w+/-]/.test(next) ? `${char}\u200b` : char;
  });
}

/** For a code span or block: nothing but its end means anything there. One line; `maxLength` is of the result. */
export function escapeCode(text: string, maxLength = 300): string {
  return escaped(text, maxLength, (char) => (char === "`" ? "\u02cb" : char));
}

/** `<URL|TEXT>`; "" for what is no address on the web. */
export function link(url: string, text: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return "";
  const safe = parsed.href.replace(/[<>|`]/g, (char) => `%${char.charCodeAt(0).toString(16)}`).replaceAll("&", "&amp;");
  return safe.length > 2_000 ? "" : `<${safe}|${escapeText(text, 150).replaceAll("|", "\u00a6") || "link"}>`;
}

const entities: Readonly<Partial<Record<string, string>>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Without controls, line ends and characters that turn text around; cut between characters, never within one. */
function escaped(text: string, maxLength: number, own: (char: string, next: string) => string): string {
  const line = text.slice(0, maxLength * 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
  const chars = Array.from(line);
  let out = "";
  for (const [i, char] of chars.entries()) {
    const safe = entities[char] ?? own(char, chars[i + 1] ?? "");
    if (out.length + safe.length > maxLength - 1) return `${out}…`;
    out += safe;
  }
  return out;
}
