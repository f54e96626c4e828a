/** PURE: which object stands in which file, whatever the files are called. */
import { identityKey } from "../manifest/identity.ts";
import type { ParsedFile } from "../manifest/parse-manifests.ts";
import type { Identity, JsonObject, RepoPath, SourceFile } from "../values.ts";

export interface IndexedDocument {
  readonly file: SourceFile;
  /** With the namespace filled in that the file left out. */
  readonly content: JsonObject;
  /** Its file holds nothing else. */
  readonly alone: boolean;
}

export interface SourceIndex {
  /** By `identityKey`. */
  readonly homes: ReadonlyMap<string, IndexedDocument>;
  readonly unreadable: readonly { readonly path: RepoPath; readonly why: string }[];
  readonly duplicates: readonly { readonly identity: Identity; readonly paths: readonly RepoPath[] }[];
}

export function indexSource(
  files: readonly { readonly file: SourceFile; readonly parsed: ParsedFile }[],
  defaultNamespace: string,
): SourceIndex {
  const homes = new Map<string, IndexedDocument>();
  const unreadable: { path: RepoPath; why: string }[] = [];
  const twice = new Map<string, { identity: Identity; paths: RepoPath[] }>();
  for (const { file, parsed } of files) {
    if (!parsed.readable) {
      unreadable.push({ path: file.path, why: parsed.why });
      continue;
    }
    const alone = parsed.documents.length === 1 && parsed.others === 0;
    for (const document of parsed.documents) {
      const identity = inNamespace(document.identity, defaultNamespace);
      const key = identityKey(identity);
      const before = homes.get(key);
      if (before !== undefined) {
        const found = twice.get(key) ?? { identity, paths: [before.file.path] };
        found.paths.push(file.path);
        twice.set(key, found);
        continue;
      }
      const content =
        document.identity.namespace === "" ? withNamespace(document.content, defaultNamespace) : document.content;
      homes.set(key, { file, content, alone });
    }
  }
  return { homes, unreadable, duplicates: [...twice.values()] };
}

/** Captures hold namespaced kinds only, so a file without a namespace means the capture's. */
function inNamespace(identity: Identity, namespace: string): Identity {
  return identity.namespace === "" ? { ...identity, namespace } : identity;
}

function withNamespace(content: JsonObject, namespace: string): JsonObject {
  const metadata = content["metadata"] as JsonObject;
  return { ...content, metadata: { ...metadata, namespace } };
}
