/** What the chart renders by default, without helm: `test/real/chart.test.ts` sees that the fixture is what helm makes. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

export interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly ChartRule[];
  readonly roleRef?: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
  readonly spec?: unknown;
}

/** PolicyRule of rbac.authorization.k8s.io/v1. */
export interface ChartRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Of the release `clickscribe` in the namespace `clickscribe-system`. */
export const chartFixture: string = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "fixtures",
  "chart",
  "default.yaml",
);

/** What is added with rbac.refresh.enabled. */
export const refreshFixture: string = join(dirname(chartFixture), "refresh.yaml");

/** The same with rbac.refresh.mayPause. */
export const pauseFixture: string = join(dirname(chartFixture), "pause.yaml");

/** In the order of the file, which is helm's order of installation. */
export async function chartObjects(file: string = chartFixture): Promise<readonly ChartObject[]> {
  return parseChart(await readFile(file, "utf8"));
}

/** What `helm template` printed. */
export function parseChart(text: string): readonly ChartObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as ChartObject | null)
    .filter((object) => object !== null);
}

const definition = "CustomResourceDefinition";
/** What only a cluster with nodes has a use for. */
const workload: ReadonlySet<string> = new Set(["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]);

export const isDefinition = ({ kind }: ChartObject): boolean => kind === definition;

/** ServiceAccount, rights, webhook configuration and Secret: what an operator needs that runs as a process. */
export const isRights = ({ kind }: ChartObject): boolean => kind !== definition && !workload.has(kind);

/** For `kubectl apply -f -`. */
export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** Role and RoleBinding that lend the operator one Secret by its name, as `rbac.secrets` of the chart does. */
export function secretReader(namespace: string, secret: string): readonly ChartObject[] {
  const name = "clickscribe-secret-reader";
  const apiGroup = "rbac.authorization.k8s.io";
  const head = { apiVersion: `${apiGroup}/v1`, metadata: { name, namespace } };
  const rule = { apiGroups: [""], resources: ["secrets"], resourceNames: [secret], verbs: ["get"] };
  const subject = { kind: "ServiceAccount", name: "clickscribe", namespace: "clickscribe-system" };
  return [
    { ...head, kind: "Role", rules: [rule] },
    { ...head, kind: "RoleBinding", roleRef: { apiGroup, kind: "Role", name }, subjects: [subject] },
  ];
}
