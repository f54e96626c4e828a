/** Whether the API server would store each manifest as the object that it was made from: asked by dry-run applies. */
import { asFailure } from "../../failures.ts";
import { isObject, metadataOf } from "../../manifest/identity.ts";
import type { ObjectReader } from "../../manifest/object-reader.ts";
import { put } from "../../manifest/put.ts";
import { describeField } from "../../merge/describe.ts";
import { diffFields } from "../../merge/diff-fields.ts";
import type { ClusterWriter } from "../../ports.ts";
import type { Identity, Json, JsonObject, Manifest } from "../../values.ts";

/** A manifest that does not give its object again. */
export interface Unequal {
  readonly identity: Identity;
  /** What the API server would store otherwise, in words; or why it would not take the manifest. */
  readonly why: readonly string[];
}

const atOnce = 4;
const maxWords = 5;

/** `verified` is called for each. Never throws for one of them. */
export async function verify(
  cluster: ClusterWriter,
  reader: ObjectReader,
  objects: readonly (readonly [manifest: Manifest, object: JsonObject])[],
  verified: () => void,
): Promise<readonly Unequal[]> {
  const found: Unequal[] = [];
  const queue = objects.values();
  const work = async (): Promise<void> => {
    for (const [manifest, object] of queue) {
      const why = await differences(cluster, reader, manifest, object);
      if (why.length > 0) found.push({ identity: manifest.identity, why });
      verified();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

async function differences(
  cluster: ClusterWriter,
  reader: ObjectReader,
  { content, full = content }: Manifest,
  object: JsonObject,
): Promise<readonly string[]> {
  try {
    const stored = await cluster.apply(content, { dryRun: true });
    const fields = diffFields(full, reader.content(withManagers(stored, object)));
    const words = fields.slice(0, maxWords).map(describeField);
    return fields.length > maxWords ? [...words, `and ${fields.length - maxWords} more`] : words;
  } catch (error) {
    return [asFailure(error).message];
  }
}

/** Whoever applies a field owns it, and what is allocated would count as chosen: so it is read as the object was. */
function withManagers(stored: JsonObject, object: JsonObject): JsonObject {
  const managed = metadataOf(object)["managedFields"];
  const metadata: Record<string, Json> = {};
  for (const [key, value] of Object.entries(isObject(stored["metadata"]) ? stored["metadata"] : {}))
    if (key !== "managedFields") put(metadata, key, value);
  return { ...stored, metadata: { ...metadata, ...(managed !== undefined && { managedFields: managed }) } };
}
