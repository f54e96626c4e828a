/**
 * Objects without their defaults: without what the kind's published schema gives, and, where the operator may create such
 * objects, without what the API server put back in a dry-run of this very content.
 */
import { asFailure } from "../failures.ts";
import { blobId } from "../manifest/blob-id.ts";
import { clean } from "../manifest/clean.ts";
import { differenceOf, omit } from "../manifest/default-fields.ts";
import { withoutDefaults } from "../manifest/defaults.ts";
import { metadataOf, textAt } from "../manifest/identity.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import { isVerbatim } from "../manifest/verbatim.ts";
import type { Clock, ClusterReader, ClusterWriter, Log } from "../ports.ts";
import type { Json, JsonObject, Kind } from "../values.ts";
import { backoff } from "./backoff.ts";
import { createDefaultSchemas } from "./default-schemas.ts";
import { createDryRuns, type DryRun } from "./dry-run.ts";
import type { KindSchemas } from "./kind-schemas.ts";
import { createLessons, type Lessons } from "./lessons.ts";
import { type ProvenOmission, prove } from "./prove.ts";

export interface DefaultsProver {
  /**
   * The content without its defaults: at once where it is known, else later, and never in two forms. It does not reject; it
   * waits while the API server does not answer.
   */
  form(kind: Kind, content: JsonObject): JsonObject | Promise<JsonObject>;
  close(): void;
}

export interface DefaultsProverOptions {
  readonly cluster: Pick<ClusterReader, "allowed"> & Pick<ClusterWriter, "create">;
  readonly schemas: KindSchemas;
  readonly clock: Clock;
  readonly log: Log;
  /** What is written of a raw object. Default: clean. */
  readonly read?: (object: JsonObject) => JsonObject;
  /** A kind has other defaults now: its objects are to be formed again. */
  readonly onChange?: (kind: Kind) => void;
  /** The operator may not create such objects, so that nothing is proven of them: once per kind and namespace in ten minutes. */
  readonly onDenied?: (kind: Kind, message: string) => void;
}

interface KnownKind {
  readonly schema: KindSchema;
  readonly dryRun: DryRun;
  readonly lessons: Lessons;
}

const deniedMs = 10 * 60_000;
const maxProofs = 10_000;
const rightTries = 8;
const rightRetries = { firstMs: 500, maxMs: 30_000 };

export function createDefaultsProver(options: DefaultsProverOptions): DefaultsProver {
  const { cluster, clock, log, read = clean, onChange = () => undefined, onDenied = () => undefined } = options;
  const schemas = createDefaultSchemas({ schemas: options.schemas, clock, log, onChange });
  const dryRuns = createDryRuns({ cluster, mayCreate, clock, read });
  const kinds = new Map<string, KnownKind>();
  /** By kind, document and content, oldest first; `unproven`: nothing but the schema's defaults goes. */
  const proofs = new Map<string, ProvenOmission>();
  const running = new Map<string, Promise<ProvenOmission>>();
  /** When to ask again, in milliseconds since the epoch, by kind and namespace. */
  const denied = new Map<string, number>();

  function knownKind(kind: Kind, schema: KindSchema): KnownKind {
    const key = `${kind.group}/${kind.version}/${kind.kind}`;
    const found = kinds.get(key);
    if (found?.schema === schema) return found;
    const dryRun = dryRuns(kind);
    const known = { schema, dryRun, lessons: createLessons(schema, dryRun) };
    kinds.set(key, known);
    return known;
  }

  function mayCreate({ group, resource }: Kind, namespace: string): Promise<boolean> {
    return cluster.allowed({ user: undefined, verb: "create", group, resource, namespace, name: undefined });
  }

  function isDenied(kind: Kind, namespace: string): boolean {
    return clock.now() < (denied.get(rightKey(kind, namespace)) ?? 0);
  }

  function deny(kind: Kind, namespace: string): void {
    if (isDenied(kind, namespace)) return;
    denied.set(rightKey(kind, namespace), clock.now() + deniedMs);
    onDenied(kind, deniedMessage(kind, namespace));
  }

  /** undefined: it could not be found out. */
  async function askRight(kind: Kind, namespace: string): Promise<boolean | undefined> {
    for (let attempt = 0; attempt < rightTries; attempt++) {
      try {
        return await mayCreate(kind, namespace);
      } catch (error) {
        log.debug({ kind: kind.kind, err: asFailure(error).message }, "the right to dry-runs is unknown");
        await new Promise<void>((resolve) => {
          clock.after(backoff(attempt, rightRetries, clock.random()), resolve);
        });
      }
    }
    return undefined;
  }

  /** undefined: nothing that can be relied on. */
  async function search(kind: Kind, schema: KindSchema, content: JsonObject): Promise<ProvenOmission | undefined> {
    const namespace = textAt(metadataOf(content), "namespace");
    const isAllowed = await askRight(kind, namespace);
    if (isAllowed === false) deny(kind, namespace);
    if (isAllowed !== true) return undefined;
    try {
      return await proof(knownKind(kind, schema), content);
    } catch (error) {
      if (asFailure(error).code === "AccessDenied") deny(kind, namespace);
      else log.debug({ kind: kind.kind, err: asFailure(error).message }, "no dry-run was answered");
      return undefined;
    }
  }

  /** Throws the Failures of DryRun. */
  async function proof({ schema, dryRun, lessons }: KnownKind, content: JsonObject): Promise<ProvenOmission> {
    const candidates = await lessons.candidates(content);
    const published = differenceOf(content, withoutDefaults(content, schema)).missing;
    const leaves = new Set([...published, ...candidates.map(({ path }) => path)]);
    if (leaves.size === 0) return unproven;
    const found = await prove(content, leaves, schema, dryRun);
    return found.outcome === "Proven" ? found.omission : unproven;
  }

  function keep(key: string, omission: ProvenOmission): void {
    proofs.delete(key);
    proofs.set(key, omission);
    for (const oldest of proofs.keys()) {
      if (proofs.size <= maxProofs) break;
      proofs.delete(oldest);
    }
  }

  function formed(content: JsonObject, omission: ProvenOmission, schema: KindSchema): JsonObject {
    return omission === unproven ? withoutDefaults(content, schema) : omit(content, omission, schema);
  }

  function withSchema(
    kind: Kind,
    content: JsonObject,
    schema: KindSchema,
    version: string,
  ): JsonObject | Promise<JsonObject> {
    const namespace = textAt(metadataOf(content), "namespace");
    if (isDenied(kind, namespace) || hasVerbatim(content)) return withoutDefaults(content, schema);
    const key = proofKey(kind, version, content);
    const proven = proofs.get(key);
    if (proven !== undefined) {
      keep(key, proven);
      return formed(content, proven, schema);
    }
    let started = running.get(key);
    if (started === undefined) {
      started = searchAndKeep(key, kind, schema, content).finally(() => running.delete(key));
      running.set(key, started);
    }
    return started.then((omission) => formed(content, omission, schema));
  }

  async function searchAndKeep(
    key: string,
    kind: Kind,
    schema: KindSchema,
    content: JsonObject,
  ): Promise<ProvenOmission> {
    const omission = await search(kind, schema, content);
    if (omission !== undefined) keep(key, omission);
    return omission ?? unproven;
  }

  return {
    form(kind, content) {
      const published = schemas.of(kind);
      const go = ({ schema, version }: Awaited<typeof published>): JsonObject | Promise<JsonObject> =>
        schema === undefined ? content : withSchema(kind, content, schema, version);
      return published instanceof Promise ? published.then(go) : go(published);
    },
    close: () => schemas.close(),
  };
}

const unproven: ProvenOmission = Object.freeze({ leaves: new Set<string>(), structs: new Set<string>() });

/** The same for objects that differ in nothing but their name. */
function proofKey({ group, kind }: Kind, version: string, content: JsonObject): string {
  const { name: _, ...metadata } = metadataOf(content);
  return `${group}/${kind}/${version}/${blobId(stringifyJson({ ...content, metadata }))}`;
}

function rightKey({ group, resource }: Kind, namespace: string): string {
  return `${group}/${resource}/${namespace}`;
}

/** Numbers that a request could not carry as they are. */
function hasVerbatim(value: Json): boolean {
  if (isVerbatim(value)) return true;
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some((child: Json) => hasVerbatim(child));
}

function deniedMessage({ group, resource }: Kind, namespace: string): string {
  const rule = `{apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}], verbs: ["create"]}`;
  const where = namespace === "" ? "" : ` in ${namespace}`;
  return `defaults of ${resource}${where} that only a dry-run proves are kept: add the rule ${rule} to a role of the operator`;
}
