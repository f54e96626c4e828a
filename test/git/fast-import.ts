export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface ImportedCommit {
  readonly ref: string;
  /** Commit that it follows, as an expression git understands; absent: a root commit. */
  readonly from?: string;
  readonly author: Person;
  readonly at: Date;
  readonly message: string;
  /** Contents by path; null removes the file. */
  readonly files: Readonly<Record<string, string | Uint8Array | null>>;
}

/** A stream for git-fast-import(1) that makes one commit and prints its object id. */
export function fastImportStream(commit: ImportedCommit): Buffer {
  const who = `${commit.author.name} <${commit.author.email}> ${Math.floor(commit.at.getTime() / 1000)} +0000`;
  const parts: Buffer[] = [
    Buffer.from(`commit ${commit.ref}\nmark :1\nauthor ${who}\ncommitter ${who}\n`),
    data(commit.message),
  ];
  if (commit.from !== undefined) parts.push(Buffer.from(`from ${commit.from}\n`));
  for (const [path, content] of Object.entries(commit.files)) {
    if (content === null) parts.push(Buffer.from(`D ${quote(path)}\n`));
    else parts.push(Buffer.from(`M 100644 inline ${quote(path)}\n`), data(content));
  }
  parts.push(Buffer.from("\nget-mark :1\ndone\n"));
  return Buffer.concat(parts);
}

function data(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from("\n")]);
}

function quote(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
