import { Ajv, type ErrorObject } from "ajv";
import { parseAllDocuments } from "yaml";
import type { Capture } from "./generated/capture.ts";
import type { GitRemote } from "./generated/git-remote.ts";
import { schemas } from "./generated/schemas.ts";
import type { ObjectMeta } from "./object-meta.ts";

/** The Captures and GitRemotes of a file, as the API server would store them: with namespace and defaults. */
export type ParsedSpecs =
  | { readonly ok: true; readonly captures: readonly Capture[]; readonly remotes: readonly GitRemote[] }
  | { readonly ok: false; readonly problems: readonly string[] };

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/**
 * Reads YAML with one or more documents. Objects of other groups, Secrets say, are passed over. Every problem is
 * reported, with the field; what the CRDs say in CEL is left to the API server. `uid` becomes "" where there is none.
 */
export function parseSpecs(text: string, defaultNamespace: string): ParsedSpecs {
  const problems: string[] = [];
  const captures: Capture[] = [];
  const remotes: GitRemote[] = [];
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false, validateFormats: false });
  const documents = parseAllDocuments(text, { version: "1.1", merge: true });
  for (const [index, document] of [...documents].entries()) {
    const place = `document ${index + 1}`;
    const syntax = document.errors.map(({ message }) => `${place}: ${message.split("\n")[0]}`);
    problems.push(...syntax);
    if (syntax.length > 0) continue;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null || value === undefined) continue;
    if (!isManifest(value)) {
      problems.push(`${place}: is no Kubernetes object: it needs apiVersion, kind and metadata.name`);
      continue;
    }
    const schema = schemas[value.kind];
    if (!value.apiVersion.startsWith("clickscribe.dev/")) continue;
    if (schema === undefined) {
      problems.push(`${place}: there is no kind ${value.kind} in clickscribe.dev`);
      continue;
    }
    const isValid: boolean = ajv.validate(schema, value);
    if (!isValid) {
      problems.push(...(ajv.errors ?? []).map((error) => `${value.kind} ${value.metadata.name}: ${explain(error)}`));
      continue;
    }
    const metadata = { ...value.metadata, namespace: value.metadata.namespace ?? defaultNamespace };
    const stored = { ...value, metadata: { ...metadata, uid: metadata.uid ?? "" } };
    if (stored.kind === "Capture") captures.push(stored as unknown as Capture);
    if (stored.kind === "GitRemote") remotes.push(stored as unknown as GitRemote);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, captures, remotes };
}

function isManifest(value: unknown): value is Manifest {
  if (value === null || typeof value !== "object") return false;
  const { apiVersion, kind, metadata } = value as Partial<Manifest>;
  const named = metadata !== null && typeof metadata === "object" && typeof metadata.name === "string";
  return typeof apiVersion === "string" && typeof kind === "string" && named;
}

/** One problem in words: `spec.layout.mode must be one of Flat, ByNamespace, ByKind`. */
function explain({ instancePath, keyword, params, message = "is not valid" }: ErrorObject): string {
  const path = instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join("")
    .slice(1);
  const below = (name: unknown): string => (path === "" ? String(name) : `${path}.${String(name)}`);
  const given = params as Readonly<Record<string, unknown>>;
  if (keyword === "required") return `${below(given["missingProperty"])} is required`;
  if (keyword === "additionalProperties") return `there is no field ${below(given["additionalProperty"])}`;
  if (keyword === "enum") return `${path} must be one of ${(given["allowedValues"] as readonly string[]).join(", ")}`;
  return `${path} ${message}`;
}
