/** How the fields of each kind are merged, as the API server publishes it; read when first asked for, and when it changed. */
import { type KindSchema, kindSchemaOf } from "../manifest/kind-schema.ts";
import type { ClusterReader } from "../ports.ts";
import type { SchemaOf } from "./weigh-objects.ts";

interface Known {
  readonly version: string;
  readonly schema: KindSchema | undefined;
}

/** Throws Failure where a kind was never read and cannot be now. */
export function createMergeSchemas(cluster: Pick<ClusterReader, "openApi">): SchemaOf {
  const known = new Map<string, Known>();
  return async ({ apiVersion, identity: { group, kind } }) => {
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
    const key = `${group}/${version}/${kind}`;
    const before = known.get(key);
    try {
      const document = await cluster.openApi({ group, version });
      if (document === undefined) return before?.schema;
      if (document.version === before?.version) return before.schema;
      const schema = kindSchemaOf(await document.read(), { group, version, kind });
      known.set(key, { version: document.version, schema });
      return schema;
    } catch (error) {
      if (before === undefined) throw error;
      return before.schema;
    }
  };
}
