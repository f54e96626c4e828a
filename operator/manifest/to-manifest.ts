import type { BlobId, JsonObject, Manifest } from "../values.ts";
import { blobId } from "./blob-id.ts";
import { clean } from "./clean.ts";
import { identityOf, textAt } from "./identity.ts";
import { rulesVersion } from "./rules.ts";
import { serialize } from "./serialize.ts";

/** The canonical manifest of a raw object: cleaned by the rules of this or an older version, serialised, named by its blob. */
export function toManifest(object: JsonObject, rules?: number): Manifest {
  const content = clean(object, rules);
  const text = serialize(content);
  return { identity: identityOf(object), apiVersion: textAt(object, "apiVersion"), content, text, blob: blobId(text) };
}

/** Whether it is the object's manifest under older rules, of version `since` or newer. */
export function isOlderForm(object: JsonObject, blob: BlobId, since = 1): boolean {
  for (let rules = rulesVersion - 1; rules >= since; rules--) if (toManifest(object, rules).blob === blob) return true;
  return false;
}
