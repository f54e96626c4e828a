/** Which kinds a capture watches: what it selects, the API server serves, and whom it acts for may list and watch. */
import { stalled } from "../failures.ts";
import { selectsKind } from "../manifest/filter.ts";
import type { Selection } from "../manifest/policy.ts";
import type { AccessQuestion, ClusterReader, Discovery } from "../ports.ts";
import type { Identity, Kind } from "../values.ts";
import type { NotWatched } from "./outcome.ts";

export interface WatchedKinds {
  readonly kinds: readonly Kind[];
  readonly notWatched: readonly NotWatched[];
}

/** `user`: `system:serviceaccount:NAMESPACE:NAME`, or undefined for the operator itself. */
export async function resolveKinds(
  cluster: ClusterReader,
  discovery: Discovery,
  selection: Selection,
  namespace: string,
  user: string | undefined,
): Promise<WatchedKinds> {
  const selected = discovery.kinds.filter((kind) => kind.namespaced && selectsKind(kind, selection).verdict === "Kept");
  const missing = await Promise.all(selected.map((kind) => missingRight(cluster, kind, namespace, user)));
  const kinds: Kind[] = [];
  const notWatched: NotWatched[] = unserved(discovery, selection);
  for (const [i, kind] of selected.entries()) {
    const message = missing[i];
    if (message === undefined) kinds.push(kind);
    else notWatched.push({ kind, reason: "AccessDenied", message, named: isNamed(kind, selection) });
  }
  return { kinds, notWatched };
}

/** The operator must be able to read it, and so must whom it acts for. */
async function missingRight(
  cluster: ClusterReader,
  kind: Kind,
  namespace: string,
  user: string | undefined,
): Promise<string | undefined> {
  for (const who of user === undefined ? [undefined] : [undefined, user]) {
    const verbs: string[] = [];
    for (const verb of ["list", "watch"]) {
      const question = { user: who, verb, group: kind.group, resource: kind.resource, namespace, name: undefined };
      if (!(await cluster.allowed(question))) verbs.push(verb);
    }
    if (verbs.length > 0) return deniedMessage(who, kind, verbs, namespace);
  }
  return undefined;
}

function deniedMessage(who: string | undefined, kind: Kind, verbs: readonly string[], namespace: string): string {
  const rule = `{apiGroups: [${JSON.stringify(kind.group)}], resources: [${JSON.stringify(kind.resource)}], verbs: ["get", "list", "watch"]}`;
  return `${who ?? "the operator"} may not ${verbs.join(" and ")} ${kind.resource} in ${namespace}: add the rule ${rule} to a role of it`;
}

/** The message for a right to one object, such as a Secret; undefined where it is allowed. */
export async function missingGet(cluster: ClusterReader, question: AccessQuestion): Promise<string | undefined> {
  if (await cluster.allowed(question)) return undefined;
  const { user, verb, group, resource, namespace, name } = question;
  const names = name === undefined ? "" : `, resourceNames: [${JSON.stringify(name)}]`;
  return `${user ?? "the operator"} may not ${verb} ${resource} ${name ?? ""} in ${namespace}: add the rule {apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}]${names}, verbs: [${JSON.stringify(verb)}]} to a role of it`;
}

/** In all namespaces, by the operator. Throws Failure AccessDenied. */
export async function mustRead(cluster: ClusterReader, { group, resource }: Kind): Promise<void> {
  for (const verb of ["list", "watch"]) {
    const question = { user: undefined, verb, group, resource, namespace: "", name: undefined };
    const missing = await missingGet(cluster, question);
    if (missing !== undefined) throw stalled("AccessDenied", missing);
  }
}

/** Kinds that are named in full and that the API server does not serve. */
function unserved(discovery: Discovery, selection: Selection): NotWatched[] {
  const found: NotWatched[] = [];
  for (const { groups, kinds } of selection.include) {
    for (const name of kinds) {
      if (name === "*") continue;
      const served = discovery.kinds.filter((kind) => kind.kind === name);
      if (served.some((kind) => groups.includes("*") || groups.includes(kind.group))) continue;
      const group = groups.find((candidate) => candidate !== "*") ?? "";
      const elsewhere = served[0] && `; it is served in the group ${JSON.stringify(served[0].group)}`;
      const down = discovery.unavailable.includes(group) ? "; the group's API is unavailable now" : "";
      const message = `spec.resources.include names ${name} in ${groups.map((g) => JSON.stringify(g)).join(", ")}, which the API server does not serve${elsewhere ?? ""}${down}`;
      found.push({ kind: { group, kind: name }, reason: "KindNotServed", message, named: true });
    }
  }
  return found;
}

function isNamed(kind: Kind, selection: Selection): boolean {
  return selection.include.some(
    ({ groups, kinds }) => kinds.includes(kind.kind) && (groups.includes(kind.group) || groups.includes("*")),
  );
}

/** Its kind is served and not selected any more. What is not served may come back: absence is no decision. */
export function leftScope(identity: Identity, discovery: Discovery, selection: Selection): boolean {
  const kind = discovery.kinds.find((served) => served.group === identity.group && served.kind === identity.kind);
  return kind !== undefined && selectsKind(kind, selection).verdict === "Skipped";
}

/** Throws Failure KindNotServed. */
export function kindOf(discovery: Discovery, group: string, name: string): Kind {
  const found = discovery.kinds.find((kind) => kind.group === group && kind.kind === name);
  if (found !== undefined) return found;
  throw stalled(
    "KindNotServed",
    `the API server does not serve ${name} (${group}): install the CRDs with kubectl apply -f crds/`,
  );
}
