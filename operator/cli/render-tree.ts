/** One leaf of a tree: a slash-separated path below the root, and what is said of it. */
export interface Leaf {
  readonly path: string;
  readonly label: (name: string) => string;
}

/** The lines of a tree as tree(1) draws it, in the order of the names. */
export function renderTree(leaves: readonly Leaf[]): readonly string[] {
  const nodes = Map.groupBy(leaves, ({ path }) => path.split("/")[0] ?? "");
  const names = [...nodes.keys()].toSorted();
  return names.flatMap((name, index) => {
    const isLast = index === names.length - 1;
    const [branch, below] = isLast ? ["└── ", "    "] : ["├── ", "│   "];
    const here = nodes.get(name) ?? [];
    const own = here.filter(({ path }) => path === name).map(({ label }) => branch + label(name));
    const inside = here
      .filter(({ path }) => path !== name)
      .map(({ path, label }) => ({ path: path.slice(name.length + 1), label }));
    if (inside.length === 0) return own;
    return [...own, `${branch}${name}/`, ...renderTree(inside).map((line) => below + line)];
  });
}
