import type { Crd, Schema } from "./crd.ts";

interface Field {
  readonly path: string;
  readonly type: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** docs/api.md: every field of every kind, in the order of the CRDs. */
export function apiPage(crds: readonly Crd[]): string {
  return `<!-- Generated from crds/ by \`npm run generate\`. -->
# API

Group \`${crds[0]?.group}\`, version \`${crds[0]?.version}\`. The same texts are printed by \`kubectl explain\`. \`kubectl get clickscribe\` lists every kind.

${crds.map(kindSection).join("\n")}`;
}

function kindSection(crd: Crd): string {
  const { spec, status } = crd.schema.properties ?? {};
  return `## ${crd.kind}
${oneLine(crd.schema.description)} Short name: \`${crd.shortNames.join("`, `")}\`.

### ${crd.kind} spec
${table(spec, "spec", true)}
### ${crd.kind} status
${table(status, "status", false)}`;
}

function table(schema: Schema | undefined, path: string, input: boolean): string {
  const rows = fields(schema, path).map(({ path: name, type, schema: field, required }) => {
    const notes = [oneLine(field.description), ...rules(field)].join(" ");
    return `| \`${name}\`${input && required ? " (required)" : ""} | ${type} | ${notes.replaceAll("|", "\\|")} |\n`;
  });
  return `| field | type | what it says |\n|---|---|---|\n${rows.join("")}`;
}

function fields(schema: Schema | undefined, path: string): readonly Field[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const own = `${path}.${name}`;
    const required = schema?.required?.includes(name) === true;
    const below = field.type === "array" ? fields(field.items, `${own}[]`) : fields(field, own);
    return [{ path: own, type: typeName(field), schema: field, required }, ...below];
  });
}

function typeName(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.type === "array") return `list of ${schema.items ? typeName(schema.items) : "any"}`;
  if (schema.additionalProperties) return `map to ${typeName(schema.additionalProperties)}`;
  return schema.type ?? "any";
}

/** Limits that the description does not name: that a field cannot be changed is in its words already. */
function rules(schema: Schema): readonly string[] {
  const said = (schema["x-kubernetes-validations"] ?? []).filter(({ rule }) => !rule.includes("oldSelf"));
  return said.length === 0 ? [] : [`Refused otherwise: ${said.map(({ message }) => `\`${message}\``).join("; ")}.`];
}

function oneLine(text: string | undefined): string {
  return (text ?? "")
    .replace(/\s*\n(Default|Example): (.+)/g, (_, word: string, value: string) => ` ${word}: ${asCode(value)}.`)
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("<", "&lt;");
}

/** Values as code, words as they are. */
function asCode(value: string): string {
  return / [a-z]/.test(value) ? value : `\`${value}\``;
}
