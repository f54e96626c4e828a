/** One object as the cluster and its Capture's repository have it, as far as the user of a command may look. */
import type { Capture } from "../../api/generated/capture.ts";
import type { Cluster } from "../../cluster/index.ts";
import { identityKey } from "../../manifest/identity.ts";
import type { KindSchema } from "../../manifest/kind-schema.ts";
import type { Repositories } from "../../ports.ts";
import { named } from "../../record/commit-message.ts";
import { policyOf } from "../../sync/capture-policy.ts";
import type { Attention } from "../../sync/delivery-state.ts";
import { lookAt } from "../../sync/examine.ts";
import { type GitSides, readGitSides } from "../../sync/git-sides.ts";
import { createKindSchemas, mergeSchemas } from "../../sync/kind-schemas.ts";
import { createDefaultsProver } from "../../sync/prover.ts";
import { readObject } from "../../sync/read-object.ts";
import type { Identity, JsonObject, Kind, Manifest } from "../../values.ts";
import { clock, log, mustServe } from "../connect.ts";
import { examineTarget } from "../explain/examine-target.ts";
import { judgeCluster } from "../explain/judge.ts";
import { nameObject } from "../explain/name-object.ts";
import { openCapture } from "../explain/open-capture.ts";
import { seeSources } from "../explain/sources-here.ts";
import { Complaint } from "../perform.ts";

export interface ObjectQuestion {
  /** As people typed it. */
  readonly object: readonly string[];
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** undefined: the one that has it. */
  readonly capture: string | undefined;
}

export interface ObjectSides extends GitSides {
  readonly identity: Identity;
  readonly kind: Kind;
  readonly capture: Capture;
  /** Nothing is ever written to its branch. */
  readonly isReadOnly: boolean;
  /** `main of https://...` */
  readonly where: string;
  /** As the API server sent it; undefined: the cluster has none. */
  readonly raw: JsonObject | undefined;
  readonly live: Manifest | undefined;
  readonly schema: KindSchema | undefined;
  /** undefined: both sides agree, or it is on its way to the branch. */
  readonly attention: Attention | undefined;
  /** The branch has it as the cluster has it. */
  readonly isInSync: boolean;
}

/** Throws Complaint where it names no one object of one Capture, Failure. */
export async function readSides(
  cluster: Cluster,
  repositories: Repositories,
  question: ObjectQuestion,
  now: number,
): Promise<ObjectSides> {
  const discovery = await cluster.discover();
  const named = nameObject(question.object, discovery);
  if (!named.ok) throw new Complaint(named.problem);
  const { kind, name } = named;
  const namespace = question.namespace ?? cluster.namespace;
  if (!kind.namespaced) throw new Complaint(`${kind.kind} belongs to no namespace: no Capture writes it`);
  const identity = { group: kind.group, kind: kind.kind, namespace, name };
  const raw = await cluster.get(kind, namespace, name);
  const found = raw && { apiVersion: apiVersionOf(kind), kind: kind.kind, ...raw };
  const captures: Capture[] = [];
  for await (const { object } of cluster.list({
    kind: mustServe(discovery, "clickscribe.dev", "Capture"),
    namespace,
  })) {
    const capture = object as unknown as Capture;
    if (question.capture === undefined || question.capture === capture.metadata.name) captures.push(capture);
  }
  const answers: ObjectSides[] = [];
  let why = `there is no Capture${question.capture === undefined ? "" : ` ${question.capture}`} in ${namespace}`;
  for (const capture of captures) {
    const sides = await sidesIn(cluster, repositories, capture, { identity, kind, found }, now);
    if (typeof sides === "string") why = sides;
    else answers.push(sides);
  }
  const [answer] = answers;
  if (answer === undefined) throw new Complaint(why);
  if (answers.length === 1) return answer;
  const names = answers.map(({ capture }) => capture.metadata.name).join(", ");
  throw new Complaint(`more than one Capture of ${namespace} has it (${names}): name one of them by --capture`);
}

interface Found {
  readonly identity: Identity;
  readonly kind: Kind;
  readonly found: JsonObject | undefined;
}

/** Why the Capture has nothing to say of it, or what it has. */
async function sidesIn(
  cluster: Cluster,
  repositories: Repositories,
  capture: Capture,
  { identity, kind, found }: Found,
  now: number,
): Promise<ObjectSides | string> {
  const opened = await openCapture(cluster, repositories, capture);
  const { name } = capture.metadata;
  if (!opened.ok) return `Capture ${name}: ${opened.why}${opened.remedy && `. ${opened.remedy}`}`;
  const readHead = async () => (await opened.repository.fetch([])).head;
  const { here } = await seeSources(cluster, capture, found, readHead);
  const policy = policyOf(capture, here);
  const told = judgeCluster(capture, policy, kind, found);
  if (told !== undefined) return `Capture ${name} does not write ${named(identity)}: ${told.message}`;
  const schemas = createKindSchemas(cluster);
  const prover = createDefaultsProver({ cluster, schemas, clock, log });
  try {
    const schemaOf = mergeSchemas(schemas);
    const target = examineTarget(capture, policy, opened, { prover, schemaOf });
    const reading = found && (await readObject(target, found, kind));
    const live = reading?.verdict === "Kept" ? reading.manifest : undefined;
    const looking = await lookAt(target);
    const { recorded } = looking.objectNow(identity, undefined, undefined);
    const git = await readGitSides({ ...target, source: looking.source, recorded }, identity);
    const { settled } = await looking.judge([looking.objectNow(identity, found, live)], { now });
    const key = identityKey(identity);
    const to = settled.settlements.get(key)?.settlement.to;
    const attention = settled.attention.get(key);
    return {
      identity,
      kind,
      capture,
      isReadOnly: opened.remote.spec.access === "ReadOnly",
      where: `${opened.branch} of ${opened.remote.spec.url}`,
      raw: found,
      live,
      ...git,
      schema: live && (await schemaOf(live)),
      attention,
      isInSync: attention === undefined && to !== "Deliver" && to !== "Forget",
    };
  } finally {
    prover.close();
  }
}

function apiVersionOf({ group, version }: Kind): string {
  return group === "" ? version : `${group}/${version}`;
}
