/** The schemas of kinds as the API server publishes them: each is read once for all who ask, and anew when it changed. */
import { type KindSchema, kindSchemaOf } from "../manifest/kind-schema.ts";
import type { ClusterReader } from "../ports.ts";
import type { Kind } from "../values.ts";
import type { SchemaOf } from "./weigh-objects.ts";

type NamedKind = Pick<Kind, "group" | "version" | "kind">;

export interface PublishedSchema {
  /** undefined: the API server publishes none. */
  readonly schema: KindSchema | undefined;
  /** Another whenever the document that it stands in is another. */
  readonly version: string;
}

export interface KindSchemas {
  /** The same answer as long as the document is the same. Throws Failure. */
  now(kind: NamedKind): Promise<PublishedSchema>;
  /** What was read last of a kind that has a document, or had one. */
  last(kind: NamedKind): PublishedSchema | undefined;
}

const unpublished: PublishedSchema = { schema: undefined, version: "" };

export function createKindSchemas(cluster: Pick<ClusterReader, "openApi">): KindSchemas {
  const known = new Map<string, PublishedSchema>();
  const keyOf = ({ group, version, kind }: NamedKind): string => `${group}/${version}/${kind}`;
  return {
    async now(kind) {
      const document = await cluster.openApi(kind);
      if (document === undefined) return unpublished;
      const before = known.get(keyOf(kind));
      if (document.version === before?.version) return before;
      const published = { schema: kindSchemaOf(await document.read(), kind), version: document.version };
      known.set(keyOf(kind), published);
      return published;
    },
    last: (kind) => known.get(keyOf(kind)),
  };
}

/** How the fields of each kind are merged. Throws Failure where a kind was never read and cannot be now. */
export function mergeSchemas(schemas: KindSchemas): SchemaOf {
  return async ({ apiVersion, identity: { group, kind } }) => {
    const named = { group, version: apiVersion.slice(apiVersion.indexOf("/") + 1), kind };
    try {
      const now = await schemas.now(named);
      return (now === unpublished ? schemas.last(named) : now)?.schema;
    } catch (error) {
      const last = schemas.last(named);
      if (last === undefined) throw error;
      return last.schema;
    }
  };
}
