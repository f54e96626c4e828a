/**
 * The volumes of one Pod as folders of this machine, which containers get as bind mounts: an emptyDir lives as long as the
 * Pod, what is projected from the API server is renewed while it runs, all files of a volume at once, as the kubelet does.
 */
import { chmod, chown, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bind } from "../../scripts/image/sandbox.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { field, type Plan } from "./plan.ts";
import type { KeysOf, Pod, Projection, Volume } from "./pod.ts";

export interface Volumes {
  readonly binds: readonly Bind[];
  /** Fetches again what is projected. */
  refresh(): Promise<void>;
}

export interface VolumesOptions {
  readonly controlPlane: ControlPlane;
  readonly pod: Pod;
  readonly plan: Plan;
  readonly podIP: string;
  /** Of this Pod alone. */
  readonly folder: string;
  /** In place of DNS: names and their IPv4 addresses. */
  readonly names: readonly (readonly [name: string, address: string])[];
}

interface File {
  readonly content: Buffer;
  readonly mode: number;
  /** Readable by the container's user only. */
  readonly secret?: boolean;
}

type Files = ReadonlyMap<string, File>;

const DEFAULT_MODE = 0o644;

/** Throws, with what is missing, where something is projected that is not there. */
export async function prepareVolumes(options: VolumesOptions): Promise<Volumes> {
  const { pod, plan, podIP, folder } = options;
  const volumes = pod.spec.volumes ?? [];
  const mounts = plan.container.volumeMounts ?? [];
  const read = reader(options);
  const folderOf = (name: string): string => join(folder, "volumes", name);
  for (const { name, emptyDir } of volumes) {
    await mkdir(folderOf(name), { recursive: true });
    // Not by mkdir: the umask would take from it.
    await chmod(folderOf(name), emptyDir === undefined ? 0o755 : 0o777);
  }
  const refresh = async (): Promise<void> => {
    for (const volume of volumes) {
      if (volume.emptyDir === undefined) await replace(folderOf(volume.name), await read(volume), plan.user);
    }
  };
  await refresh();
  const hosts = join(folder, "hosts");
  const names = options.names.map(([name, address]) => `${address}\t${name}\n`);
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`);
  await writeFile(hosts, `127.0.0.1\tlocalhost\n${podIP}\t${pod.metadata.name}\n${[...aliases, ...names].join("")}`);
  return {
    refresh,
    binds: [
      { from: hosts, to: "/etc/hosts", readOnly: plan.readOnly },
      ...mounts.map(({ name, mountPath, readOnly = false }) => ({
        from: folderOf(name),
        to: mountPath,
        readOnly: readOnly || volumes.every((volume) => volume.name !== name || volume.emptyDir === undefined),
      })),
    ],
  };
}

function reader({ controlPlane, pod, podIP }: VolumesOptions): (volume: Volume) => Promise<Files> {
  const { namespace, name: podName, uid } = pod.metadata;
  const tokens = new Map<Projection, { readonly token: string; readonly renewAt: number }>();

  const keysOf = async (resource: string, { name, items, optional }: KeysOf, mode: number): Promise<Files> => {
    const { status, body } = await controlPlane.request(
      "admin",
      "GET",
      `/api/v1/namespaces/${namespace}/${resource}/${name}`,
    );
    if (status === 404 && optional === true) return new Map();
    if (status !== 200) throw new Error(`${resource} "${name}" of a volume: ${String(body?.message ?? status)}`);
    const encoding = resource === "secrets" ? "base64" : "utf8";
    const found = new Map<string, Buffer>([
      ...Object.entries(body.data ?? {}).map(([key, value]) => [key, Buffer.from(String(value), encoding)] as const),
      ...Object.entries(body.binaryData ?? {}).map(
        ([key, value]) => [key, Buffer.from(String(value), "base64")] as const,
      ),
    ]);
    const wanted = items ?? [...found.keys()].map((key) => ({ key, path: key }));
    const files = new Map<string, File>();
    for (const { key, path } of wanted) {
      const content = found.get(key);
      if (content === undefined && optional !== true)
        throw new Error(`${resource} "${name}" of a volume has no ${key}`);
      if (content !== undefined) files.set(path, { content, mode });
    }
    return files;
  };

  const token = async (source: Projection): Promise<string> => {
    const known = tokens.get(source);
    if (known !== undefined && Date.now() < known.renewAt) return known.token;
    const { audience, expirationSeconds = 3600 } = source.serviceAccountToken ?? {};
    const account = pod.spec.serviceAccountName ?? "default";
    const answer = await controlPlane.request(
      "admin",
      "POST",
      `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      {
        spec: {
          ...(audience !== undefined && { audiences: [audience] }),
          expirationSeconds,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name: podName, uid },
        },
      },
    );
    if (answer.status !== 201) throw new Error(`token of ServiceAccount ${account}: ${String(answer.body?.message)}`);
    const fresh = String(answer.body.status.token);
    // The kubelet renews after 80 % of the lifetime.
    tokens.set(source, { token: fresh, renewAt: Date.now() + expirationSeconds * 800 });
    return fresh;
  };

  const project = async (source: Projection, mode: number): Promise<Files> => {
    if (source.serviceAccountToken) {
      const content = Buffer.from(await token(source));
      return new Map([[source.serviceAccountToken.path, { content, mode: 0o600, secret: true }]]);
    }
    if (source.configMap) return await keysOf("configmaps", source.configMap, mode);
    if (source.secret) return await keysOf("secrets", source.secret, mode);
    if (source.downwardAPI) {
      const items = source.downwardAPI.items ?? [];
      return new Map(
        items.map(({ path, fieldRef }) => {
          const content = Buffer.from(field(pod, fieldRef?.fieldPath ?? "(none)", podIP));
          return [path, { content, mode }];
        }),
      );
    }
    throw new Error(`not implemented by test/pods: projected ${Object.keys(source).join(", ")}`);
  };

  return async ({ secret, configMap, projected }) => {
    if (secret)
      return await keysOf("secrets", { ...secret, name: secret.secretName }, secret.defaultMode ?? DEFAULT_MODE);
    if (configMap) return await keysOf("configmaps", configMap, configMap.defaultMode ?? DEFAULT_MODE);
    const parts = (projected?.sources ?? []).map((source) => project(source, projected?.defaultMode ?? DEFAULT_MODE));
    return new Map((await Promise.all(parts)).flatMap((files) => [...files]));
  };
}

/** Writes a folder beside, then turns the link `..data` to it: a reader sees the old files or the new ones. */
async function replace(folder: string, files: Files, user: number): Promise<void> {
  const current = join(folder, "..data");
  if (await isCurrent(current, files)) return;
  const fresh = `..${Date.now()}`;
  await mkdir(join(folder, fresh));
  await chmod(join(folder, fresh), 0o755);
  for (const [path, { content, mode, secret = false }] of files) {
    const file = join(folder, fresh, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
    await chown(file, secret ? user : 0, user);
  }
  const tops = new Set([...files.keys()].map((path) => path.split("/")[0] ?? ""));
  for (const top of tops) await symlink(join("..data", top), join(folder, top)).catch(ignoreExisting);
  await symlink(fresh, join(folder, "..next"));
  await rename(join(folder, "..next"), current);
  for (const name of await readdir(folder)) {
    const isOld = name.startsWith("..") && name !== "..data" && name !== fresh;
    if (isOld || (!name.startsWith("..") && !tops.has(name))) await rm(join(folder, name), { recursive: true });
  }
}

async function isCurrent(folder: string, files: Files): Promise<boolean> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined || names.length !== new Set([...files.keys()].map((path) => path.split("/")[0])).size)
    return false;
  for (const [path, { content }] of files) {
    const old = await readFile(join(folder, path)).catch(() => undefined);
    if (old === undefined || !old.equals(content)) return false;
  }
  return true;
}

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}
