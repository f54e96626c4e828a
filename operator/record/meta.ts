/** PURE: `meta/record.json`. */
import { stalled } from "../failures.ts";
import type { RecordMeta, RepoPath } from "../values.ts";

export const metaPath: RepoPath = "meta/record.json";
export const recordFormat = 1;

/** Throws Failure RecordNewer, RecordInvalid. */
export function parseMeta(text: string): RecordMeta {
  let meta: Partial<RecordMeta>;
  try {
    meta = JSON.parse(text) as Partial<RecordMeta>;
  } catch (cause) {
    throw stalled("RecordInvalid", `${metaPath} of the record is no JSON`, undefined, cause);
  }
  const { format, cluster, capture, namespaces } = meta ?? {};
  if (typeof format === "number" && format > recordFormat) {
    throw stalled("RecordNewer", `the record has format ${format}, this version reads up to ${recordFormat}`, {
      format,
    });
  }
  const complete =
    typeof cluster?.uid === "string" && typeof capture?.uid === "string" && typeof namespaces === "object";
  if (typeof format !== "number" || !complete) throw stalled("RecordInvalid", `${metaPath} of the record lacks fields`);
  return meta as RecordMeta;
}

export function serializeMeta(meta: RecordMeta): string {
  return `${JSON.stringify(meta, null, 2)}\n`;
}
