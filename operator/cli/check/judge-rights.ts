/** PURE: what the operator's ServiceAccount must be able to do, whatever is captured, and which replica writes. */
import type { JsonObject } from "../../values.ts";
import { item } from "./judge-cluster.ts";
import { type Asked, type OperatorSettings, operatorGroup } from "./judge-operator.ts";
import type { CheckItem } from "./report.ts";

/** One right that the operator needs, and what it is for. */
export interface NeededRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly purpose: string;
}

/** `namespace`: the operator's own. */
export function rightsOfOperator(
  { webhookConfiguration, hasWebhook, webhookSecret, lease }: OperatorSettings,
  namespace: string,
): readonly NeededRight[] {
  const everywhere = (verb: string, group: string, resource: string, purpose: string, name?: string): NeededRight => ({
    verb,
    group,
    resource,
    namespace: "",
    name,
    purpose,
  });
  const own = (verb: string, group: string, resource: string, purpose: string, name?: string): NeededRight => ({
    ...everywhere(verb, group, resource, purpose, name),
    namespace,
  });
  const kinds = ["captures", "gitremotes", "notifiers"];
  const rights = [
    ...kinds.flatMap((kind) =>
      ["get", "list", "watch"].map((verb) => everywhere(verb, "clickscribe.dev", kind, "to see what it is told")),
    ),
    ...kinds.map((kind) => everywhere("patch", "clickscribe.dev", `${kind}/status`, "to tell status")),
    everywhere("get", "", "namespaces", "to know the cluster by the UID of kube-system"),
    everywhere("create", "events.k8s.io", "events", "to tell people what became of their change"),
    everywhere("create", "authorization.k8s.io", "subjectaccessreviews", "to ask for whom it captures"),
  ];
  if (hasWebhook) {
    const [group, resource] = ["admissionregistration.k8s.io", "validatingwebhookconfigurations"];
    rights.push(everywhere("patch", group, resource, "to have itself asked who changes what", webhookConfiguration));
    if (webhookSecret !== undefined) {
      const purpose = "to keep the webhook's certificate";
      rights.push(...["get", "patch"].map((verb) => own(verb, "", "secrets", purpose, webhookSecret)));
    }
  }
  if (lease !== undefined) {
    const purpose = "so that one replica writes";
    rights.push(...["get", "patch"].map((verb) => own(verb, "coordination.k8s.io", "leases", purpose, lease)));
  }
  return rights;
}

/** `lease`: undefined where there is none. */
export function leaseItems(
  name: string | undefined,
  lease: Asked<JsonObject | undefined>,
  now: number,
): readonly CheckItem[] {
  if (name === undefined) return [];
  if (!lease.ok)
    return [item(operatorGroup, "lease", "Warning", `which replica writes was not looked at: ${lease.why}`)];
  const { spec = {} } = (lease.value ?? {}) as {
    readonly spec?: {
      readonly holderIdentity?: string;
      readonly renewTime?: string;
      readonly leaseDurationSeconds?: number;
    };
  };
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = spec;
  const remedy = "See the operator's log.";
  if (holderIdentity === "") {
    return [item(operatorGroup, "lease", "Failed", `no replica holds the Lease ${name}: nothing is written`, remedy)];
  }
  const seconds = Math.round((now - Date.parse(renewTime)) / 1000);
  // Clocks may differ a little; a replica that works renews many times in that time.
  if (!(seconds <= 4 * leaseDurationSeconds)) {
    const message = `${holderIdentity} holds the Lease ${name} and has not renewed it for ${seconds} s: nothing is written`;
    return [item(operatorGroup, "lease", "Failed", message, remedy)];
  }
  return [item(operatorGroup, "lease", "Passed", `${holderIdentity} holds the Lease ${name}, and writes`)];
}

/** `denied`: those that the ServiceAccount lacks. */
export function operatorRightsItems(user: string, denied: Asked<readonly NeededRight[]>): readonly CheckItem[] {
  const name = "operator-rights";
  if (!denied.ok) {
    return [item(operatorGroup, name, "Warning", `the rights of ${user} were not asked for: ${denied.why}`)];
  }
  if (denied.value.length === 0)
    return [item(operatorGroup, name, "Passed", `${user} has the rights that it always needs`)];
  return denied.value.map((right) => {
    const rule = ruleOf(right);
    const message = `${user} may not ${right.verb} ${right.resource}${right.name === undefined ? "" : ` ${right.name}`}, ${right.purpose}`;
    return item(
      operatorGroup,
      `may-${right.verb}-${right.resource}`,
      "Failed",
      message,
      `Add the rule ${rule} to a ${right.namespace === "" ? "ClusterRole" : `Role in ${right.namespace}`} of it.`,
    );
  });
}

export function ruleOf({ verb, group, resource, name }: Omit<NeededRight, "purpose">): string {
  const names = name === undefined ? "" : `, resourceNames: [${JSON.stringify(name)}]`;
  return `{apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}]${names}, verbs: [${JSON.stringify(verb)}]}`;
}
