/** PURE: `meta/record.json`. Anybody who may push can have written it. */
import type { Failure } from "../failures.ts";
import { stalled } from "../failures.ts";
import { rulesVersion } from "../manifest/rules.ts";
import type { RecordMeta, RepoPath } from "../values.ts";

export const metaPath: RepoPath = "meta/record.json";
export const recordFormat = 1;

/** Throws Failure RecordNewer, RecordInvalid. Fields that this version does not know are left out. */
export function parseMeta(text: string): RecordMeta {
  const meta = objectOf(parse(text));
  const format = meta["format"];
  if (typeof format !== "number" || !Number.isSafeInteger(format) || format < 1) throw lacks("format");
  if (format > recordFormat) {
    const message = `the record has format ${format}, this version reads up to ${recordFormat}`;
    throw stalled("RecordNewer", message, { format });
  }
  const rules = numberAt(meta, "rules");
  if (rules > rulesVersion) {
    const message = `the record was written by the cleaning rules of version ${rules}, this version has ${rulesVersion}`;
    throw stalled("RecordNewer", message, { rules });
  }
  const cluster = objectOf(meta["cluster"]);
  const capture = objectOf(meta["capture"]);
  return {
    format,
    rules,
    cluster: { name: textAt(cluster, "name"), uid: textAt(cluster, "uid") },
    capture: { namespace: textAt(capture, "namespace"), name: textAt(capture, "name"), uid: textAt(capture, "uid") },
    namespaces: namespacesOf(meta["namespaces"]),
    remote: textAt(meta, "remote"),
    branch: textAt(meta, "branch"),
    path: textAt(meta, "path"),
    sourceCommit: meta["sourceCommit"] === undefined ? undefined : textAt(meta, "sourceCommit"),
  };
}

export function serializeMeta(meta: RecordMeta): string {
  return `${JSON.stringify(meta, null, 2)}\n`;
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw stalled("RecordInvalid", `${metaPath} of the record is no JSON`, undefined, cause);
  }
}

function objectOf(value: unknown): Fields {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : {};
}

function namespacesOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(value));
  if (objectOf(value) !== value || entries.some(([, uid]) => typeof uid !== "string")) throw lacks("namespaces");
  return Object.fromEntries(entries) as Record<string, string>;
}

function textAt(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw lacks(name);
  return value;
}

function numberAt(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number") throw lacks(name);
  return value;
}

function lacks(name: string): Failure {
  return stalled("RecordInvalid", `${metaPath} of the record lacks ${name}, or has it in another shape`);
}
