/** PURE: what the API server told, judged. */
import type { ServerInfo } from "../../ports.ts";
import type { JsonObject } from "../../values.ts";
import type { CheckItem, CheckStatus } from "./report.ts";

/** The first minor version of Kubernetes with matchConditions of admission webhooks and CEL rules of CRDs as stable. */
export const oldestMinor = 30;

/** From here on what happened when cannot be told; certificates and tokens begin to be refused. */
const clockWarningMs = 30_000;

export const clusterGroup = "Kubernetes";

export function item(
  group: string,
  name: string,
  status: CheckStatus,
  message: string,
  remedy: string = "",
): CheckItem {
  return { name, group, status, message, remedy };
}

export function versionItem(server: string, { version }: ServerInfo): CheckItem {
  const judge = (status: CheckStatus, words: string, remedy = ""): CheckItem =>
    item(clusterGroup, "api-server-version", status, `${server} is Kubernetes ${version}${words}`, remedy);
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (match === null) {
    return judge("Warning", `: no version that is known`, `Make sure that it is 1.${oldestMinor} or newer.`);
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major > 1 || minor >= oldestMinor) return judge("Passed", ` (1.${oldestMinor} or newer is needed)`);
  return judge("Failed", `: 1.${oldestMinor} or newer is needed`, "Upgrade the cluster.");
}

/** `now`: this machine's, when the answer came. */
export function clockItem(
  group: string,
  name: string,
  whose: string,
  date: number | undefined,
  now: number,
): CheckItem {
  if (date === undefined) return item(group, name, "Passed", `${whose} does not tell its clock`);
  const off = date - now;
  const seconds = Math.round(Math.abs(off) / 1000);
  // A header Date is cut to the second, and the answer took a while.
  if (seconds <= 2) return item(group, name, "Passed", `${whose} and this machine have the same time`);
  const words = `the clock of ${whose} is ${seconds} s ${off > 0 ? "ahead of" : "behind"} this machine's`;
  if (Math.abs(off) < clockWarningMs) return item(group, name, "Passed", words);
  return item(
    group,
    name,
    "Warning",
    words,
    "Set both by NTP: the times of commits, and certificates, depend on them.",
  );
}

/** Groups whose aggregated API does not answer. */
export function discoveryItem(kinds: number, unavailable: readonly string[]): CheckItem {
  if (unavailable.length === 0) {
    return item(clusterGroup, "discovery", "Passed", `discovery is complete: ${kinds} kinds`);
  }
  return item(
    clusterGroup,
    "discovery",
    "Warning",
    `the API server cannot reach the servers of ${unavailable.join(", ")}: their kinds are unknown`,
    "Repair or remove their APIServices (kubectl get apiservices); until then what they serve is not captured.",
  );
}

export function admissionItem(served: boolean): CheckItem {
  const name = "admission-webhooks";
  if (served) return item(clusterGroup, name, "Passed", "admission webhooks can be registered");
  return item(
    clusterGroup,
    name,
    "Warning",
    "the API server does not serve ValidatingWebhookConfiguration (admissionregistration.k8s.io)",
    "Run the operator with --no-webhook: authors are then unknown.",
  );
}

/** One right that the person who installs needs. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Within the operator's namespace only. */
  readonly namespaced: boolean;
}

export const rightsToInstall: readonly Right[] = [
  { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions", namespaced: false },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterroles", namespaced: false },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings", namespaced: false },
  {
    verb: "create",
    group: "admissionregistration.k8s.io",
    resource: "validatingwebhookconfigurations",
    namespaced: false,
  },
  { verb: "create", group: "", resource: "namespaces", namespaced: false },
  { verb: "create", group: "", resource: "serviceaccounts", namespaced: true },
  { verb: "create", group: "", resource: "secrets", namespaced: true },
  { verb: "create", group: "", resource: "services", namespaced: true },
  { verb: "create", group: "apps", resource: "deployments", namespaced: true },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "roles", namespaced: true },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "rolebindings", namespaced: true },
];

/** `denied`: those of `rightsToInstall` that were denied. `mayGrant`: to give the operator rights that one lacks oneself. */
export function rightsItems(denied: readonly Right[], namespace: string, mayGrant: boolean): readonly CheckItem[] {
  const group = "Rights to install";
  const rights =
    denied.length === 0
      ? [item(group, "rights-to-install", "Passed", `everything that an installation into ${namespace} makes`)]
      : denied.map(({ verb, group: api, resource, namespaced }) =>
          item(
            group,
            `may-${verb}-${resource}`,
            "Failed",
            `may not ${verb} ${api === "" ? resource : `${resource}.${api}`}${namespaced ? ` in ${namespace}` : ""}`,
            "Have somebody install who may, such as a cluster-admin.",
          ),
        );
  const grant = mayGrant
    ? item(group, "may-grant-rights", "Passed", "may give the operator the right to read what it captures")
    : item(
        group,
        "may-grant-rights",
        "Failed",
        "may neither read every kind nor escalate clusterroles: RBAC lets nobody give rights that they lack",
        "Have a cluster-admin install, or list in the chart's values only kinds that you may read.",
      );
  return [...rights, grant];
}

/** What a CRD in the cluster, undefined where there is none, has to do with the one that this version brings. */
export function crdItem(
  kind: string,
  crd: JsonObject | undefined,
  own: object,
  options: { readonly before: boolean },
): CheckItem {
  const name = `crd-${kind.toLowerCase()}`;
  if (crd === undefined) {
    const message = `the CRD of ${kind} is not there`;
    return options.before
      ? item(clusterGroup, name, "Passed", `${message}: the installation brings it`)
      : item(clusterGroup, name, "Failed", message, "Install Clickscribe, or its CRDs (crds.install of the chart).");
  }
  const { lacks, more } = compareSchemas(schemaOf(crd), own);
  if (lacks.length > 0) {
    return item(
      clusterGroup,
      name,
      options.before ? "Warning" : "Failed",
      `the CRD of ${kind} is older than this version: it lacks ${few(lacks)}`,
      "Upgrade the CRDs with the chart of this version (crds.install).",
    );
  }
  if (more.length > 0) {
    return item(
      clusterGroup,
      name,
      "Warning",
      `the CRD of ${kind} is newer than this command: it has ${few(more)}`,
      "Use the clickscribe of the version that is installed.",
    );
  }
  return item(clusterGroup, name, "Passed", `the CRD of ${kind} is this version's`);
}

/** The schema of v1alpha1, or an empty one where it is not served. */
function schemaOf(crd: JsonObject): object {
  const { versions = [] } = (crd["spec"] ?? {}) as {
    readonly versions?: readonly {
      readonly name?: string;
      readonly served?: boolean;
      readonly schema?: { readonly openAPIV3Schema?: object };
    }[];
  };
  return versions.find(({ name, served }) => name === "v1alpha1" && served)?.schema?.openAPIV3Schema ?? {};
}

/** By the names of fields: what one has and the other lacks. */
function compareSchemas(
  theirs: object,
  own: object,
): { readonly lacks: readonly string[]; readonly more: readonly string[] } {
  const [a, b] = [new Set(fieldsOf(theirs)), new Set(fieldsOf(own))];
  return { lacks: [...b].filter((field) => !a.has(field)), more: [...a].filter((field) => !b.has(field)) };
}

function* fieldsOf(schema: object, path = ""): IterableIterator<string> {
  const { properties = {}, items } = schema as {
    readonly properties?: Readonly<Record<string, object>>;
    readonly items?: object;
  };
  if (items !== undefined) yield* fieldsOf(items, path);
  for (const [name, inner] of Object.entries(properties)) {
    const field = path === "" ? name : `${path}.${name}`;
    // What people write; the rest is the API server's and the operator's.
    if (path === "" && field !== "spec") continue;
    yield field;
    yield* fieldsOf(inner, field);
  }
}

function few(fields: readonly string[]): string {
  return fields.length <= 3 ? fields.join(", ") : `${fields.slice(0, 3).join(", ")} and ${fields.length - 3} more`;
}
