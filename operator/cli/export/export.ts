/** `clickscribe export`: writes what a Capture would write once, to a folder or a repository, with no Capture made. */

import type { Cluster } from "../../cluster/index.ts";
import type { ExportConfig } from "../../config/export.ts";
import { Failure, stalled } from "../../failures.ts";
import { parseCapturePath } from "../../layout/path.ts";
import { selectsKind } from "../../manifest/filter.ts";
import { createObjectReader, type ObjectReader } from "../../manifest/object-reader.ts";
import { plainPolicy, type Selection } from "../../manifest/policy.ts";
import type { Repository, RepositoryReader } from "../../ports.ts";
import { authorSignature } from "../../record/author-signature.ts";
import { createKindSchemas, mergeSchemas } from "../../sync/kind-schemas.ts";
import { planCapture } from "../../sync/plan.ts";
import type { PlannedFile, PlanResult } from "../../sync/plan-result.ts";
import { createDefaultsProver } from "../../sync/prover.ts";
import type { CommitId, JsonObject, Kind, Manifest, RefName, Signature } from "../../values.ts";
import { callerOf } from "../caller-of.ts";
import { clock, log } from "../connect.ts";
import { Complaint } from "../perform.ts";
import { readFolder, writeFolder } from "./folder.ts";
import type { Progress } from "./progress.ts";
import { type Unequal, verify } from "./verify.ts";

/** This shape is what `-o json` prints, and does not change. */
export interface Exported {
  /** The folder, or the repository's URL. */
  readonly to: string;
  /** What was written; the texts are left out. */
  readonly wrote: readonly Pick<PlannedFile, "path" | "change" | "identity">[];
  readonly unchanged: number;
  readonly skipped: PlanResult["skipped"];
  /** Left as they are, with the reason. */
  readonly refused: PlanResult["refused"];
  /** Kinds that may not be read. */
  readonly notRead: readonly { readonly group: string; readonly kind: string; readonly message: string }[];
  /** Of a repository. */
  readonly commit?: CommitId;
  /** With --verify: how many manifests give their object again, and those that do not. */
  readonly verified?: { readonly equal: number; readonly unequal: readonly Unequal[] };
}

const sourceRef = "refs/heads/main";

/** `repository`: where the destination is one. Throws Failure, Complaint. */
export async function exportObjects(
  cluster: Cluster,
  config: ExportConfig,
  repository: Repository | undefined,
  now: () => number,
  progress: Progress,
): Promise<Exported> {
  const { destination, allNamespaces, layout } = config;
  const namespace = allNamespaces ? "" : (config.namespace ?? cluster.namespace);
  const selection = selectionOf(config);
  const reader = withoutNamespaces(
    createObjectReader({ ...plainPolicy(selection), scope: allNamespaces ? "Cluster" : "Namespace" }),
    config.excludeNamespaces,
  );
  await mustExist(cluster, namespace);
  const { kinds, notRead } = await readableKinds(cluster, selection, namespace, allNamespaces);
  const kept: (readonly [Manifest, JsonObject])[] = [];
  let listed = 0;
  const source = await openSource(config, repository);
  const schemas = createKindSchemas(cluster);
  const prover = createDefaultsProver({ cluster, schemas, clock, log });
  const result = await planCapture(
    cluster,
    {
      ...source,
      recordRepository: source.repository,
      reader,
      prover: config.defaults === "Drop" ? prover : undefined,
      layout: { mode: layout },
      onConflict: "Hold",
      delivery: "Push",
      schemaOf: mergeSchemas(schemas),
      capture: { namespace, name: "export" },
      recordRef: "refs/clickscribe/export",
      prune: { mode: "Keep", confirmAbove: 0 },
    },
    kinds,
    [],
    {
      now: now(),
      onDifference: config.overwrite ? "ClusterWins" : "Wait",
      progress: {
        kind: ({ resource, group }) =>
          progress.show(listed++, kinds.length, `reading ${group === "" ? resource : `${resource}.${group}`}`),
        kept: (manifest, object) => kept.push([manifest, config.verify ? object : {}]),
      },
    },
  );
  prover.close();
  let commit: CommitId | undefined;
  const { wouldWrite } = result;
  if (destination.to === "Folder") {
    let wrote = 0;
    writeFolder(destination.folder, wouldWrite, () => progress.show(++wrote, wouldWrite.length, "writing"));
  } else if (repository !== undefined && wouldWrite.length > 0) {
    progress.show(0, 1, "pushing");
    const author = await signatureOf(cluster, now());
    const subject = `export ${wouldWrite.length} ${wouldWrite.length === 1 ? "object" : "objects"}`;
    const message = `${subject} of ${allNamespaces ? "all namespaces" : namespace}\n`;
    commit = await push(repository, source, wouldWrite, author, message);
  }
  const unequal = config.verify ? await verifyAll(cluster, reader, kept, progress) : undefined;
  progress.clear();
  return {
    to: source.remote,
    wrote: wouldWrite.map(({ path, change, identity }) => ({ path, change, identity })),
    unchanged: result.unchanged,
    skipped: result.skipped,
    refused: result.refused,
    notRead,
    ...(commit && { commit }),
    ...(unequal && { verified: { equal: kept.length - unequal.length, unequal } }),
  };
}

/** A list of a namespace that is not there is empty. */
async function mustExist(cluster: Cluster, namespace: string): Promise<void> {
  if (namespace === "") return;
  const { kinds } = await cluster.discover();
  const kind = kinds.find(({ group, kind: name }) => group === "" && name === "Namespace");
  if (kind === undefined) return;
  try {
    if ((await cluster.get(kind, "", namespace)) !== undefined) return;
  } catch (error) {
    // Whoever may not ask may still be allowed to read what is in it.
    if (error instanceof Failure && error.code === "AccessDenied") return;
    throw error;
  }
  throw new Complaint(`--namespace: there is no namespace ${namespace}`);
}

async function verifyAll(
  cluster: Cluster,
  reader: ObjectReader,
  kept: readonly (readonly [Manifest, JsonObject])[],
  progress: Progress,
): Promise<readonly Unequal[]> {
  let done = 0;
  return verify(cluster, reader, kept, () => progress.show(++done, kept.length, "verifying"));
}

function selectionOf({ include, exclude }: ExportConfig): Selection {
  const patterns = (given: ExportConfig["include"]): Selection["include"] =>
    given.map(({ group, kind }) => ({ groups: [group], kinds: [kind] }));
  return {
    include: include.length === 0 ? patterns([{ group: "*", kind: "*" }]) : patterns(include),
    exclude: patterns(exclude),
  };
}

function withoutNamespaces(reader: ObjectReader, globs: readonly string[]): ObjectReader {
  const excluded = globs.map((glob) => new RegExp(`^${glob.split("*").join(".*")}$`));
  return {
    ...reader,
    read(object, kind) {
      const { name, namespace } = object["metadata"] as { readonly name?: string; readonly namespace?: string };
      const of = kind.kind === "Namespace" && kind.group === "" ? name : namespace;
      if (of !== undefined && excluded.some((pattern) => pattern.test(of)))
        return { verdict: "Skipped", reason: "NotSelected", detail: "--exclude-namespace" };
      return reader.read(object, kind);
    },
  };
}

/** What may not be listed is told; where --include names it, nothing is done. Throws Failure AccessDenied, KindNotServed. */
async function readableKinds(
  cluster: Cluster,
  selection: Selection,
  namespace: string,
  allNamespaces: boolean,
): Promise<{ readonly kinds: readonly Kind[]; readonly notRead: Exported["notRead"] }> {
  const discovery = await cluster.discover();
  const kinds: Kind[] = [];
  const notRead: { group: string; kind: string; message: string }[] = [];
  const selected = discovery.kinds.filter(
    (kind) =>
      (kind.namespaced || allNamespaces) &&
      selectsKind(kind, selection, allNamespaces ? "Cluster" : "Namespace").verdict === "Kept",
  );
  for (const kind of selected) {
    const { group, resource } = kind;
    const question = { user: undefined, verb: "list", group, resource, namespace: kind.namespaced ? namespace : "" };
    if (await cluster.allowed({ ...question, name: undefined })) kinds.push(kind);
    else
      notRead.push({
        group,
        kind: kind.kind,
        message: `you may not list ${resource}${group === "" ? "" : `.${group}`}`,
      });
  }
  if (kinds.length === 0) {
    const why = notRead[0]?.message ?? "no kind that the API server serves matches --include and --exclude";
    throw notRead.length > 0 ? stalled("AccessDenied", why) : new Complaint(why);
  }
  return { kinds, notRead };
}

interface Source {
  readonly repository: RepositoryReader;
  /** Of a repository: where the branch stands, and what the commit builds on. */
  readonly tip: CommitId | undefined;
  readonly parent: CommitId | undefined;
  readonly sourceRef: RefName;
  readonly branch: string;
  readonly path: string;
  readonly remote: string;
}

async function openSource({ destination }: ExportConfig, repository: Repository | undefined): Promise<Source> {
  if (destination.to === "Folder") {
    const { folder } = destination;
    const place = { sourceRef, branch: "main", path: "", remote: folder };
    return { ...place, repository: readFolder(folder, sourceRef), tip: undefined, parent: undefined };
  }
  if (repository === undefined) throw new Error("a repository is opened for a destination that is one");
  const parsed = parseCapturePath(destination.path);
  if (!parsed.ok) throw new Complaint(`--path: ${parsed.why}`);
  const { head } = await repository.fetch([]);
  const ref = destination.branch === undefined ? head : `refs/heads/${destination.branch}`;
  if (!ref?.startsWith("refs/heads/"))
    throw new Complaint("--branch: the repository has no default branch; name the branch to write to");
  const branch = ref.slice("refs/heads/".length);
  const tip = (await repository.fetch([ref])).refs.get(ref);
  const parent = tip ?? (head && (await repository.fetch([head])).refs.get(head));
  return { repository, tip, parent, sourceRef: ref, branch, path: parsed.path, remote: destination.url };
}

/** One commit on the branch as it was planned for. Throws Complaint where the server does not take it. */
async function push(
  repository: Repository,
  { sourceRef: ref, branch, tip, parent }: Source,
  files: readonly PlannedFile[],
  author: Signature,
  message: string,
): Promise<CommitId> {
  const changes = files.map(({ path, after }) => ({ path, content: after ?? null }));
  const committer = { ...operator, at: author.at };
  const to = await repository.commit({ parent, changes, author, committer, message });
  const outcome = (await repository.push([{ ref, from: tip, to }], { atomic: false })).get(ref);
  if (outcome?.outcome === "Accepted") return to;
  const why = outcome?.outcome === "Refused" ? outcome.message : "somebody else wrote to it meanwhile: export again";
  throw new Complaint(`the server did not take the commit on ${branch}: ${why}`);
}

const operator = { name: "clickscribe", email: "clickscribe@clickscribe.invalid" };

async function signatureOf(cluster: Cluster, now: number): Promise<Signature> {
  const author = await callerOf(cluster);
  return authorSignature(author, { committer: operator, emailTemplate: undefined }, Math.floor(now / 1000));
}
