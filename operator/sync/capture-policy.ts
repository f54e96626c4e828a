/** PURE: what a Capture's spec says of how objects are read. */
import type { Capture } from "../api/generated/capture.ts";
import { stalled } from "../failures.ts";
import { parseFieldPattern } from "../manifest/field-pattern.ts";
import type { FieldRule, Policy } from "../manifest/policy.ts";

/** `sourcesHere`: who applies from where it writes to. Throws Failure FieldPathInvalid naming the field. */
export function policyOf(capture: Capture, sourcesHere: ReadonlySet<string>): Policy {
  const { resources, managedBy, fields, secrets } = capture.spec;
  return {
    scope: "Namespace",
    selection: {
      include: resources?.include ?? [{ groups: ["*"], kinds: ["*"] }],
      exclude: resources?.exclude ?? [],
      ...(resources?.selector && { selector: resources.selector }),
      optIn: resources?.optIn ?? false,
    },
    managedBy: {
      gitops: managedBy?.gitops ?? "Skip",
      helm: managedBy?.helm ?? "Skip",
      olm: managedBy?.olm ?? "Skip",
      operators: managedBy?.operators ?? "Skip",
    },
    sourcesHere,
    ignore: (fields?.ignore ?? []).map((rule, i) => fieldRule(rule, `spec.fields.ignore[${i}]`)),
    defaults: fields?.defaults ?? "Keep",
    allow: (secrets?.allow ?? []).map((rule, i) => fieldRule(rule, `spec.secrets.allow[${i}]`)),
  };
}

interface SpecRule {
  readonly kinds: readonly string[];
  readonly paths: readonly string[];
}

function fieldRule({ kinds, paths }: SpecRule, field: string): FieldRule {
  const patterns = paths.map((text, i) => {
    const parsed = parseFieldPattern(text);
    if (parsed.ok) return parsed.pattern;
    const where = `${field}.paths[${i}]`;
    throw stalled("FieldPathInvalid", `${where}: ${JSON.stringify(text)}: ${parsed.why}`, { field: where });
  });
  return { kinds, paths: patterns };
}
