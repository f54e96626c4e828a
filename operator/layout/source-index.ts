/** PURE: which object stands in which file, whatever the files are called. */
import { identityKey } from "../manifest/identity.ts";
import type { Mentions, ParsedFile } from "../manifest/parse-manifests.ts";
import type { Identity, JsonObject, RepoPath, SourceFile } from "../values.ts";

export interface IndexedDocument {
  readonly file: SourceFile;
  /** As it stands there: it may leave out the namespace. */
  readonly content: JsonObject;
  /** Its file holds nothing else. */
  readonly alone: boolean;
  /** Why it is never edited; undefined: it may be. */
  readonly readOnly: string | undefined;
}

export interface UnreadableFile {
  readonly path: RepoPath;
  readonly why: string;
}

export interface SourceIndex {
  /** By `identityKey`; of objects that stand more than once, the first. */
  readonly homes: ReadonlyMap<string, IndexedDocument>;
  readonly unreadable: readonly UnreadableFile[];
  /** All places of the objects that stand more than once. */
  readonly duplicates: ReadonlyMap<string, readonly RepoPath[]>;
  /** The unreadable file that seems to hold an object, as it names its kind and its name. */
  hidden(identity: Identity): UnreadableFile | undefined;
}

/** A file without a namespace means `defaultNamespace`: Captures hold namespaced kinds only. */
export function indexSource(
  files: readonly { readonly file: SourceFile; readonly parsed: ParsedFile }[],
  defaultNamespace: string,
): SourceIndex {
  const homes = new Map<string, IndexedDocument>();
  const unreadable: (UnreadableFile & { readonly mentions: Mentions })[] = [];
  const duplicates = new Map<string, RepoPath[]>();
  for (const { file, parsed } of files) {
    if (!parsed.readable) {
      unreadable.push({ path: file.path, why: parsed.why, mentions: parsed.mentions });
      continue;
    }
    const alone = parsed.documents.length === 1 && parsed.others === 0;
    for (const { identity, content, readOnly } of parsed.documents) {
      const key = identityKey({ ...identity, namespace: identity.namespace || defaultNamespace });
      const before = homes.get(key);
      const places = duplicates.get(key);
      if (before === undefined) homes.set(key, { file, content, alone, readOnly });
      else if (places === undefined) duplicates.set(key, [before.file.path, file.path]);
      else places.push(file.path);
    }
  }
  return {
    homes,
    unreadable: unreadable.map(({ path, why }) => ({ path, why })),
    duplicates,
    hidden({ kind, name }) {
      const found = unreadable.find(({ mentions }) => mentions.kinds.has(kind) && mentions.names.has(name));
      return found && { path: found.path, why: found.why };
    },
  };
}
