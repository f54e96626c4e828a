/**
 * Takes the effect out of what hosts read in a commit's message: mentions, references that close an issue, marks that
 * skip CI. Values of objects stand there, and anybody may have written them. The text stays readable.
 */
export function defuse(text: string): string {
  return text
    .replace(/\[((?:skip|no)[ -][\w -]+|[\w-]+[ -]skip)\]/gi, "($1)")
    .replace(/\*\*\*NO_CI\*\*\*/gi, "NO_CI")
    .replace(/\bskip-checks(?=\s*:)/gi, "skip checks")
    .replace(/(?<![\w.+%-])@(?=\w)/g, "@ ")
    .replace(/[#!](?=\w)/g, "$& ")
    .replace(/\bGH-(?=\d)/gi, "GH ")
    .replace(/\/(issues|work_items|pull|merge_requests)\/(?=\d)/g, "/$1/ ");
}
