/** PURE: what is known of a field beside its value: of the schema of its object's kind, else of Kubernetes' own names. */
import { identityOf, textAt } from "../manifest/identity.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import { isBuiltIn } from "../manifest/server-names.ts";
import type { JsonObject } from "../values.ts";

export interface FieldKind {
  /** undefined: the server says nothing of it. */
  readonly schema: KindSchema | undefined;
  /** In a built-in kind whose schema is not known. */
  readonly names: { readonly field: string; readonly parent: string } | undefined;
  /** A field of one of the server's own types, which stores nothing where it says nothing. */
  readonly isTyped: boolean;
}

/** A field of which nothing is known. */
export const anyField: FieldKind = { schema: undefined, names: undefined, isTyped: false };

/** Of a whole object. */
export function objectKind(schema: KindSchema | undefined, object: JsonObject): FieldKind {
  const isNamed = schema === undefined && textAt(object, "apiVersion") !== "" && isBuiltIn(identityOf(object).group);
  return { schema, names: isNamed ? { field: "", parent: "" } : undefined, isTyped: false };
}

export function fieldKind({ schema, names }: FieldKind, key: string): FieldKind {
  const isKnown = names !== undefined && !freeMaps.has(names.field);
  return {
    schema: schema?.properties.get(key)?.type ?? schema?.values,
    names: isKnown ? { field: key, parent: names.field } : undefined,
    isTyped: isKnown || (schema?.isTyped === true && schema.properties.has(key)),
  };
}

export function itemKind({ schema, names }: FieldKind): FieldKind {
  return { schema: schema?.items, names, isTyped: false };
}

export function isQuantity({ schema, names }: FieldKind): boolean {
  if (names !== undefined) return quantityMaps.has(names.parent) || quantityFields.has(names.field);
  return schema?.isQuantity === true;
}

/** Whose keys are people's own. */
const freeMaps: ReadonlySet<string> = new Set(
  "data stringData binaryData labels annotations matchLabels nodeSelector parameters volumeAttributes options openAPIV3Schema".split(
    " ",
  ),
);
/** Maps whose values are quantities, wherever they stand in built-in kinds. */
const quantityMaps: ReadonlySet<string> = new Set(
  "requests limits hard capacity overhead podFixed default defaultRequest max min maxLimitRequestRatio".split(" "),
);
const quantityFields: ReadonlySet<string> = new Set(["sizeLimit", "averageValue", "divisor"]);
