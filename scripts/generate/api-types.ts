import { compile } from "json-schema-to-typescript";
import type { Crd, Schema } from "./crd.ts";

/**
 * Readonly TypeScript types of a CRD: one interface per object, named after its path (`CaptureSpecBatching`). Fields
 * with a default are optional, as people may leave them out.
 */
export async function generateTypes(crd: Crd): Promise<string> {
  const { properties = {} } = crd.schema;
  const root: Schema = {
    ...crd.schema,
    required: ["apiVersion", "kind", "metadata", "spec"],
    properties: {
      ...properties,
      apiVersion: { ...properties["apiVersion"], enum: [`${crd.group}/${crd.version}`] },
      kind: { ...properties["kind"], enum: [crd.kind] },
      metadata: objectMeta,
    },
  };
  const text = await compile(titled(root, crd.kind, true), crd.kind, {
    additionalProperties: false,
    bannerComment: "",
    ignoreMinAndMaxItems: true,
    style: { printWidth: 120 },
  });
  return `// Generated from crds/ by \`npm run generate\`.\nimport type { ObjectMeta } from "../object-meta.ts";\n\n${readonly(text)}`;
}

/** Of json-schema-to-typescript: the name of a type that stands elsewhere. */
const objectMeta: Schema & { readonly tsType: string } = { tsType: "ObjectMeta" };

/** Gives every object a title, which becomes the name of its interface, and leaves out what is not for types. */
function titled(schema: Schema, name: string, isRoot = false): object {
  const { properties, items, ...rest } = schema;
  const { default: _, "x-kubernetes-validations": __, minItems: ___, maxItems: ____, ...plain } = rest;
  return {
    ...plain,
    ...(properties && !isRoot && { title: name }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, titled(value, `${name}${capitalized(key)}`)]),
      ),
    }),
    ...(items && { items: titled(items, `${name}Item`) }),
  };
}

/** Every property, index signature and array. */
function readonly(text: string): string {
  return text.replace(/^(\s+)(\w+\??:|\[k: string\]:)/gm, "$1readonly $2").replace(/: (\w+)\[\];/g, ": readonly $1[];");
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
