/** PURE: contents compared as manifests are; of Clickscribe's own kinds, which have none, by what people say in them. */
import { clean } from "../manifest/clean.ts";
import { metadataOf, objectAt, textAt } from "../manifest/identity.ts";
import { equalJson } from "../merge/contains.ts";
import type { JsonObject } from "../values.ts";
import type { Contents } from "./join.ts";

export const manifestContents: Contents = {
  clean: (object) => (isOwn(object) ? intentOf(object) : clean(object)),
  equal: equalJson,
};

function isOwn(object: JsonObject): boolean {
  return textAt(object, "apiVersion").startsWith("clickscribe.dev/");
}

function intentOf(object: JsonObject): JsonObject {
  return { annotations: objectAt(metadataOf(object), "annotations"), spec: objectAt(object, "spec") };
}
