/** The texts that `-f` names, as kubectl takes it. */
import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Input {
  /** The file, or `standard input`. */
  readonly name: string;
  /** undefined: `problem` says why it cannot be read. */
  readonly text: string | undefined;
  readonly problem: string;
}

/** In the order given; a folder's in the order of their names. Read one at a time, since a cluster may be many. */
export function* readInputs(
  files: readonly string[],
  recursive: boolean,
  readText: (file: string) => string,
): IterableIterator<Input> {
  for (const file of files) {
    if (file === "-") yield readInput(file, "standard input", readText);
    else if (!isFolder(file)) yield readInput(file, file, readText);
    else {
      let found = 0;
      for (const inside of manifestsIn(file, recursive)) {
        found++;
        yield typeof inside === "string" ? readInput(inside, inside, readText) : inside;
      }
      if (found === 0) {
        const hint = recursive ? "" : "; -R looks into the folders in it, too";
        yield failed(file, `the folder has no .yaml, .yml or .json file${hint}`);
      }
    }
  }
}

function readInput(file: string, name: string, readText: (file: string) => string): Input {
  try {
    return { name, text: readText(file), problem: "" };
  } catch (error) {
    return failed(name, why(error));
  }
}

function* manifestsIn(folder: string, recursive: boolean): IterableIterator<string | Input> {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    yield failed(folder, why(error));
    return;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) yield* manifestsIn(path, recursive);
    } else if (/\.(?:ya?ml|json)$/.test(entry.name)) yield path;
  }
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function failed(name: string, problem: string): Input {
  return { name, text: undefined, problem };
}

function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  return code === "EACCES" ? "may not be read" : message;
}
