import { redact } from "../failures.ts";

/** A server's words as one line that is safe to show: no control, bidi or escape characters, no credentials, bounded. */
export function plainText(text: string, maxLength: number): string {
  const line = redact(
    text
      .replace(/\p{Cc}\[[0-9;?]*[A-Za-z]/gu, "")
      .replace(/[\r\n\t]+/g, " ")
      .replace(/[\p{Cc}\p{Cf}\u2028\u2029\ufffd]/gu, "")
      .replace(/ {2,}/g, " ")
      .trim(),
  );
  return line.length <= maxLength
    ? line
    : `${line
        .slice(0, maxLength - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
}
