import type { JsonObject, Manifest } from "../values.ts";
import { blobId } from "./blob-id.ts";
import { clean } from "./clean.ts";
import { identityOf, textAt } from "./identity.ts";
import { serialize } from "./serialize.ts";

/** The canonical manifest of a raw object: cleaned by the rules, serialised, named by its blob. */
export function toManifest(object: JsonObject): Manifest {
  return manifestOf(object, clean(object));
}

/** `content`: what is written of the object. */
export function manifestOf(object: JsonObject, content: JsonObject): Manifest {
  const text = serialize(content);
  return { identity: identityOf(object), apiVersion: textAt(object, "apiVersion"), content, text, blob: blobId(text) };
}
