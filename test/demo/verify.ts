/** Checks a fresh clone against the cluster: each file applied changes nothing, and nothing is missing or too much. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { TestRepository } from "../git/test-repository.ts";
import type { Stage } from "./stage.ts";
import { must, setter } from "./stage.ts";

export interface Verified {
  readonly files: number;
  readonly objects: number;
  /** What is wrong; empty when all is well. */
  readonly problems: readonly string[];
}

type Judged = Pick<Stage, "kubectl" | "namespace" | "resources">;

/** What is known to be left out of Git: Kubernetes makes it in every namespace. */
const leftOut: ReadonlySet<string> = new Set(["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"]);

export async function verify(stage: Judged, repository: TestRepository, folder: string): Promise<Verified> {
  const problems: string[] = [];
  const clone = await repository.clone();
  const names = (await readdir(join(clone, folder))).toSorted();
  const inGit = new Set<string>();
  for (const name of names) {
    const text = await readFile(join(clone, folder, name), "utf8");
    for (const document of parseAllDocuments(text, { version: "1.1" })) {
      const object = document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } };
      inGit.add(`${object.kind}/${object.metadata.name}`);
    }
    const changed = await dryRun(stage, text);
    if (changed !== undefined) problems.push(`${name}: applied, it would change ${changed}`);
  }
  const listed = await stage.kubectl(["get", stage.resources.join(","), "--namespace", stage.namespace, "-o", "json"]);
  const { items } = JSON.parse(listed) as { readonly items: readonly { kind: string; metadata: { name: string } }[] };
  const inCluster = new Set(items.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  for (const name of leftOut) inCluster.delete(name);
  for (const object of inCluster) if (!inGit.has(object)) problems.push(`${object} is not in Git`);
  for (const object of inGit) if (!inCluster.has(object)) problems.push(`${object} is in Git, and not in the cluster`);
  return { files: names.length, objects: inCluster.size, problems };
}

/** The first field that a server-side dry-run apply of the file would change; undefined where it changes nothing. */
async function dryRun(stage: Judged, text: string): Promise<string | undefined> {
  const live = only(await stage.kubectl(["get", "-f", "-", "-o", "json"], { input: text }));
  const args = ["apply", "--server-side", "--dry-run=server", "--field-manager=clickscribe-demo", "--force-conflicts"];
  const applied = await stage.kubectl([...args, "-f", "-", "-o", "json"], { input: text });
  return firstDifference(withoutBookkeeping(live), withoutBookkeeping(only(applied)), "");
}

/** kubectl prints a List of one for some verbs, and the object itself for others. */
function only(json: string): object {
  const printed = JSON.parse(json) as { readonly kind: string; readonly items?: readonly object[] };
  return (printed.kind === "List" ? printed.items?.[0] : undefined) ?? printed;
}

/** All but who owns which field and the version that any write counts up. */
function withoutBookkeeping(object: object): unknown {
  const { metadata, ...rest } = object as { readonly metadata: Readonly<Record<string, unknown>> };
  const { managedFields: _, resourceVersion: __, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

function firstDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return path;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a, b].map((side) => (side as Readonly<Record<string, unknown>>)[key]);
    const found = firstDifference(x, y, path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The webhook is in place and the capture has read what is there. */
export async function isReady(stage: Stage, capture: string): Promise<true | undefined> {
  const path = `/apis/clickscribe.dev/v1alpha1/namespaces/${stage.namespace}/captures/${capture}`;
  const { body } = await must(stage, setter, "GET", path);
  const conditions = (body.status?.conditions ?? []) as readonly { type: string; status: string }[];
  const is = (type: string): boolean => conditions.some((found) => found.type === type && found.status === "True");
  return is("Ready") && (!stage.attributes || is("Attributing")) ? true : undefined;
}
