/** Which files of the context a Dockerfile cannot copy: the lines of .dockerignore, of which the last that fits decides. */

/** Answers whether the path, relative to the context and with slashes, is left out. */
export function parseIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const keeps = line.startsWith("!");
      return { keeps, pattern: toPattern(line.slice(keeps ? 1 : 0).replace(/^\/|\/$/g, "")) };
    });
  return (path) => {
    const last = rules.findLast(({ pattern }) => pattern.test(path));
    return last !== undefined && !last.keeps;
  };
}

/** A pattern fits a path and all that stands below it. */
function toPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|[*?]|[^*?\w/]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}(?:/|$)`);
}
