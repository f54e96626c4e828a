/** `clickscribe explain`: why one object is in Git, or not, as far as the user of the command may look. */
import type { Capture } from "../../api/generated/capture.ts";
import type { Cluster } from "../../cluster/index.ts";
import { Failure } from "../../failures.ts";
import { clean } from "../../manifest/clean.ts";
import { type InjectedPart, injectedParts } from "../../manifest/injected.ts";
import type { Repositories } from "../../ports.ts";
import { policyOf } from "../../sync/capture-policy.ts";
import { createKindSchemas, mergeSchemas } from "../../sync/kind-schemas.ts";
import { createDefaultsProver } from "../../sync/prover.ts";
import type { Identity, JsonObject, Kind, RefName } from "../../values.ts";
import { clock, log, mustServe } from "../connect.ts";
import { Complaint } from "../perform.ts";
import { type GitQuestion, readGitSide } from "./git-side.ts";
import { type CaptureAnswer, judgeCluster, judgeGit, judgeWithoutGit } from "./judge.ts";
import { nameObject } from "./name-object.ts";
import { failed, openCapture } from "./open-capture.ts";
import { seeSources } from "./sources-here.ts";

/** This shape is what `-o json` prints, and does not change. */
export interface Explanation {
  readonly object: Identity;
  /** Whether the cluster has it. */
  readonly exists: boolean;
  /** Whether a branch holds it as it is in the cluster; null: that is not known. */
  readonly inGit: boolean | null;
  /** One for each Capture of its namespace. */
  readonly captures: readonly CaptureAnswer[];
  /** What admission webhooks put into it; left out where there is nothing. */
  readonly injected?: readonly InjectedPart[];
}

/** Throws Complaint, Failure. `namespace` undefined: that of the kubeconfig's context. */
export async function explain(
  cluster: Cluster,
  repositories: Repositories,
  words: readonly string[],
  namespace: string | undefined,
  now: number,
): Promise<Explanation> {
  const discovery = await cluster.discover();
  const named = nameObject(words, discovery);
  if (!named.ok) throw new Complaint(named.problem);
  const { kind, name } = named;
  const within = namespace ?? cluster.namespace;
  const identity: Identity = { group: kind.group, kind: kind.kind, namespace: kind.namespaced ? within : "", name };
  const found = await read(cluster, kind, identity);
  const captureKind = mustServe(discovery, "clickscribe.dev", "Capture");
  const captures: Capture[] = [];
  for await (const { object } of cluster.list({ kind: captureKind, namespace: within })) {
    captures.push(object as unknown as Capture);
  }
  const answers: CaptureAnswer[] = [];
  const schemas = createKindSchemas(cluster);
  const prover = createDefaultsProver({ cluster, schemas, clock, log });
  const question = { identity, kind, object: found, prover, schemaOf: mergeSchemas(schemas), now };
  for (const capture of captures) answers.push(await answer(cluster, repositories, capture, question));
  prover.close();
  const injected = found === undefined ? [] : injectedParts(clean(found));
  return {
    object: identity,
    exists: found !== undefined,
    inGit: verdictOf(answers),
    captures: answers,
    ...(injected.length > 0 && { injected }),
  };
}

async function read(cluster: Cluster, kind: Kind, { namespace, name }: Identity): Promise<JsonObject | undefined> {
  const isSecret = kind.group === "" && kind.kind === "Secret";
  let found: JsonObject | undefined;
  try {
    found = await cluster.get(kind, namespace, name);
  } catch (error) {
    // It is skipped by its kind alone: nobody need be able to read it to be told so.
    if (!isSecret || !(error instanceof Failure) || error.code !== "AccessDenied") throw error;
    found = { metadata: { namespace, name } };
  }
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  return found && { apiVersion, kind: kind.kind, ...found };
}

async function answer(
  cluster: Cluster,
  repositories: Repositories,
  capture: Capture,
  question: GitQuestion,
): Promise<CaptureAnswer> {
  const { kind, object } = question;
  const readHead = (): Promise<RefName | undefined> => headOf(cluster, repositories, capture);
  const { here, origin } = await seeSources(cluster, capture, object, readHead);
  const policy = policyOf(capture, here);
  const told = judgeCluster(capture, policy, kind, object);
  if (told?.reason === "ManagedElsewhere" && origin !== "") return { ...told, message: `${told.message}, ${origin}` };
  if (told !== undefined) return told;
  const opened = await openCapture(cluster, repositories, capture);
  if (!opened.ok) return judgeWithoutGit(capture, object !== undefined, opened);
  try {
    return judgeGit(capture, await readGitSide(capture, policy, opened, question));
  } catch (error) {
    return judgeWithoutGit(capture, object !== undefined, failed(error));
  }
}

async function headOf(cluster: Cluster, repositories: Repositories, capture: Capture): Promise<RefName | undefined> {
  const opened = await openCapture(cluster, repositories, capture);
  if (!opened.ok) return undefined;
  try {
    return (await opened.repository.fetch([])).head;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function verdictOf(answers: readonly CaptureAnswer[]): boolean | null {
  if (answers.some(({ verdict }) => verdict === "InGit")) return true;
  return answers.some(({ verdict }) => verdict === "Unknown") ? null : false;
}
