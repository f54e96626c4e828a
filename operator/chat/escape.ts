/** PURE: texts of users on their way into Slack's mrkdwn, where they may mean nothing. */

/**
 * Slack's own three (https://docs.slack.dev/messaging/formatting-message-text), then what would turn into a format, a
 * mention or a link by itself: a zero-width space keeps it apart. One line, bounded.
 */
export function escapeText(text: string, maxLength = 300): string {
  return clip(oneLine(text), maxLength)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[*_~`]/g, "$&\u200b")
    .replace(/@(?=\w)/g, "@\u200b")
    .replace(/:(?=[\w+-]+:)/g, ":\u200b")
    .replace(/:\/\//g, ":\u200b//");
}

/** For a code span or block: nothing but its end means anything there. */
export function escapeCode(text: string, maxLength = 300): string {
  return clip(oneLine(text), maxLength)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("`", "\u02cb");
}

/** `<URL|TEXT>`; "" for what is no address on the web. */
export function link(url: string, text: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return "";
  const safe = parsed.href.replace(/[<>|`]/g, (char) => `%${char.charCodeAt(0).toString(16)}`).replaceAll("&", "&amp;");
  return safe.length > 2_000 ? "" : `<${safe}|${escapeText(text, 75)}>`;
}

/** No controls, line ends or characters that turn text around. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
}

function clip(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text
        .slice(0, length - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
}
