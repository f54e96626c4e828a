import {
  conditionReasons,
  consumerWarnings,
  driftSorts,
  type Explained,
  eventReasons,
  refusalReasons,
  skipReasons,
} from "../../operator/api/reasons.ts";

type Reasons = Readonly<Record<string, Explained>>;

const groups: readonly (readonly [title: string, where: string, reasons: Reasons])[] = [
  ["Skipped", "Why an object is not in Git: `status.skipped`, and the Event `Skipped` on the object.", skipReasons],
  [
    "Refused",
    "Why a change is in the record and not on the source branch: the Events `Refused` and `Diverged` on the object.",
    refusalReasons,
  ],
  ["Drift", "How cluster and source branch differ: `status.drift`, and the Event `Drifted` on the object.", driftSorts],
  ["Conditions", "The `reason` of `Ready`, `Attributing` and `Synced` in `status.conditions`.", conditionReasons],
  [
    "Consumers",
    "What of an Application, Kustomization or HelmRelease makes that changes are lost, fought over, or never applied: `status.consumers`.",
    consumerWarnings,
  ],
  ["Events", "The `reason` of Events on captured objects, Captures and GitRemotes.", eventReasons],
];

/** docs/errors.md: one entry per reason. */
export function errorsPage(): string {
  const sections = groups.map(([title, where, reasons]) => {
    const rows = Object.entries(reasons).map(
      ([name, { means, remedy }]) => `| \`${name}\` | ${cell(means)} | ${cell(remedy)} |`,
    );
    return [`## ${title}`, where, "", "| reason | means | what to do |", "|---|---|---|", ...rows].join("\n");
  });
  return `<!-- Generated from operator/api/reasons.ts by \`npm run generate\`. -->
# Reasons

Every refusal names its reason where it happened. The lists are closed, and a published word never changes.

${sections.join("\n\n")}
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
