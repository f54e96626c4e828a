import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A node of a structural schema, as far as the generators read it. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message: string }[];
}

export interface Crd {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly schema: Schema;
}

/** The files of `crds/`, in the order of the documentation. */
export const crdFiles: readonly string[] = [
  "clickscribe.dev_gitremotes.yaml",
  "clickscribe.dev_captures.yaml",
  "clickscribe.dev_notifiers.yaml",
];

/** Reads a CustomResourceDefinition (apiextensions.k8s.io/v1) with exactly one version. */
export function readCrd(root: string, file: string): Crd {
  const { spec } = parse(readFileSync(join(root, "crds", file), "utf8")) as {
    readonly spec: {
      readonly group: string;
      readonly names: { readonly kind: string; readonly plural: string; readonly shortNames: readonly string[] };
      readonly versions: readonly [{ readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }];
    };
  };
  const [version, ...others] = spec.versions;
  if (others.length > 0) throw new Error(`${file} has ${others.length + 1} versions: types are generated for one`);
  const { kind, plural, shortNames } = spec.names;
  return { group: spec.group, version: version.name, kind, plural, shortNames, schema: version.schema.openAPIV3Schema };
}
