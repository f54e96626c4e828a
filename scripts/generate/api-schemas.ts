import type { Crd, Schema } from "./crd.ts";

/**
 * The schemas of the CRDs as JSON Schema, for checking a manifest where no API server does it: unknown fields are
 * refused, defaults stay; descriptions, CEL rules and what is in status are left out.
 */
export function generateSchemas(crds: readonly Crd[]): string {
  const entries = crds.map((crd) => [crd.kind, strict({ ...crd.schema, properties: withOpenStatus(crd) })]);
  const text = JSON.stringify(Object.fromEntries(entries), null, 2);
  return `// Generated from crds/ by \`npm run generate\`.
export const schemas: Readonly<Record<string, object>> = ${text};
`;
}

function withOpenStatus({ schema, kind, group, version }: Crd): Readonly<Record<string, Schema>> {
  return {
    ...schema.properties,
    apiVersion: { type: "string", enum: [`${group}/${version}`] },
    kind: { type: "string", enum: [kind] },
    status: { type: "object" },
  };
}

function strict(schema: Schema): object {
  const { description: _, "x-kubernetes-validations": __, properties, items, ...rest } = schema;
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith("x-kubernetes-")));
  return {
    ...plain,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, strict(value)])),
      additionalProperties: false,
    }),
    ...(items && { items: strict(items) }),
  };
}
