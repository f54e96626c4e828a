/** What a manifest may be at most: parseManifests reads no more, so nothing more is written. */

/** Levels of maps and lists below the root. The API server stores custom resources of thousands. */
export const maxDepth = 100;

/** UTF-16 code units of the text. etcd takes 1.5 MiB of JSON, which indentation can make a hundred times as long. */
export const maxCharacters: number = 3 * 1024 * 1024;
