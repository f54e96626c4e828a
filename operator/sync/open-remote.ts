/** What a GitRemote names, read and opened: its repository, where the record stands, who people are, what key signs. */
import type { GitRemote } from "../api/generated/git-remote.ts";
import { asFailure, type Failure, stalled } from "../failures.ts";
import type { RemoteAccess, Repositories, Repository, Signer } from "../ports.ts";
import { type People, readPeople } from "../record/people.ts";
import type { JsonObject } from "../values.ts";
import { remoteAccess, signingKey } from "./remote-access.ts";

export interface OpenedRemote {
  readonly repository: Repository;
  /** Where the record stands: the same Repository, unless the GitRemote says otherwise. */
  readonly record: Repository;
  readonly people: People;
  /** What cannot be read of who people are. Their changes are committed all the same, without it. */
  readonly peopleProblem: string | undefined;
  readonly signer: Signer | undefined;
  /** Changes with anything that was read; held in memory only. */
  readonly access: string;
}

export type NamedKind = "Secret" | "ConfigMap" | "GitRemote";

export interface OpenRemoteDeps {
  readonly repositories: Repositories;
  /** undefined: there is none. Throws Failure AccessDenied. */
  readonly read: (kind: NamedKind, namespace: string, name: string) => Promise<JsonObject | undefined>;
  /** For the record of a remote that may only be read, and that names no other for it. */
  readonly inMemory: () => Repository;
}

/** Throws Failure naming the field: SecretNotFound, SecretInvalid, RemoteNotFound, RemoteInvalid, AccessDenied. */
export async function openRemote(deps: OpenRemoteDeps, remote: GitRemote): Promise<OpenedRemote> {
  const { spec } = remote;
  const access = await accessTo(deps, remote);
  const repository = deps.repositories.open(access);
  const elsewhere = await recordAccess(deps, remote);
  const inMemory = spec.access === "ReadOnly" ? deps.inMemory : () => repository;
  const record = elsewhere === undefined ? inMemory() : deps.repositories.open(elsewhere);
  const { people, problem } = await peopleOf(deps, remote);
  const { signing } = spec.commit ?? {};
  const key =
    signing && signingKey(signing.type, await secretOf(deps, remote, "spec.commit.signing", signing.secretRef));
  return {
    repository,
    record,
    people,
    peopleProblem: problem,
    signer: key && (await deps.repositories.signer(key)),
    access: JSON.stringify([access, elsewhere, key, [...people]]),
  };
}

/** How the repository itself is reached. Throws Failure as openRemote does. */
export async function accessTo(deps: Pick<OpenRemoteDeps, "read">, remote: GitRemote): Promise<RemoteAccess> {
  const { secretRef, proxy } = remote.spec;
  return remoteAccess(remote, {
    secret: secretRef && (await secretOf(deps, remote, "spec", secretRef)),
    proxy: proxy && (await secretOf(deps, remote, "spec.proxy", proxy.secretRef)),
  });
}

async function secretOf(
  { read }: Pick<OpenRemoteDeps, "read">,
  { metadata: { namespace } }: GitRemote,
  field: string,
  { name }: { readonly name: string },
): Promise<JsonObject> {
  const secret = await read("Secret", namespace, name);
  if (secret !== undefined) return secret;
  throw stalled("SecretNotFound", `${field}.secretRef.name: there is no Secret ${name} in ${namespace}`);
}

/** undefined: the record stands where the source branch does, or in memory. */
export async function recordAccess(
  deps: Pick<OpenRemoteDeps, "read">,
  { metadata: { namespace, name: own }, spec }: GitRemote,
): Promise<RemoteAccess | undefined> {
  const name = spec.record?.remoteRef?.name;
  if (name === undefined || name === own) return undefined;
  const field = "spec.record.remoteRef.name";
  const found = (await deps.read("GitRemote", namespace, name)) as unknown as GitRemote | undefined;
  if (found === undefined) throw stalled("RemoteNotFound", `${field}: there is no GitRemote ${name} in ${namespace}`);
  if (found.spec.access === "ReadOnly") {
    throw stalled("RemoteInvalid", `${field}: GitRemote ${name} is ReadOnly (spec.access): no record can stand there`);
  }
  return await accessTo(deps, found);
}

async function peopleOf(
  { read }: OpenRemoteDeps,
  { metadata: { namespace }, spec }: GitRemote,
): Promise<{ readonly people: People; readonly problem: string | undefined }> {
  const name = spec.commit?.authors?.configMapRef?.name;
  if (name === undefined) return { people: new Map(), problem: undefined };
  const field = "spec.commit.authors.configMapRef.name";
  try {
    const configMap = await read("ConfigMap", namespace, name);
    if (configMap === undefined) {
      return { people: new Map(), problem: `${field}: there is no ConfigMap ${name} in ${namespace}` };
    }
    const { people, problems } = readPeople(configMap);
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    return { people, problem: first && `ConfigMap ${name} (${field}): ${first}${more}` };
  } catch (error) {
    const failure: Failure = asFailure(error);
    if (failure.class !== "Stalled") throw failure;
    return { people: new Map(), problem: `${field}: ${failure.message}` };
  }
}
