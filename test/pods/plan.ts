/** PURE: what to run for a Pod, or why it is not run. Nothing is added to what the Pod and its image say. */
import type { Container, Image, Pod, PodSpec, Probe, SecurityContext } from "./pod.ts";

export interface Plan {
  readonly container: Container;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: number;
  readonly readOnly: boolean;
  readonly workdir: string;
  readonly graceSeconds: number;
  /** Of the lifecycle hook preStop. */
  readonly stopDelaySeconds: number;
}

export interface Circumstances {
  readonly image: Image;
  readonly podIP: string;
  readonly apiserver: { readonly address: string; readonly port: number };
}

const IMPLEMENTED_VOLUMES = ["emptyDir", "secret", "configMap", "projected"] as const;
/** What container runtimes set where the image sets none. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PROBES = ["startupProbe", "readinessProbe", "livenessProbe"] as const;

/** Throws with the field of the Pod that stands in the way. */
export function planPod(pod: Pod, { image, podIP, apiserver }: Circumstances): Plan {
  const refused = [...refusals(pod.spec)];
  if (refused.length > 0) throw new Error(`not implemented by test/pods: ${refused.join("; ")}`);
  const container = pod.spec.containers[0];
  if (container === undefined) throw new Error("spec.containers is empty");
  const security: SecurityContext = { ...pod.spec.securityContext, ...container.securityContext };
  const user = security.runAsUser ?? imageUser(image);
  const group = security.runAsGroup;
  if (group !== undefined && group !== user) {
    throw new Error(`not implemented by test/pods: runAsGroup ${group} beside user ${user}: they must be the same`);
  }
  const { fsGroup } = pod.spec.securityContext ?? {};
  if (fsGroup !== undefined && fsGroup !== user) {
    throw new Error(`not implemented by test/pods: fsGroup ${fsGroup} beside user ${user}: they must be the same`);
  }
  if (security.runAsNonRoot === true && user === 0) {
    throw new Error("container has runAsNonRoot and image will run as root");
  }
  const ofImage = (image.config.Env ?? []).map((each) => [nameOf(each), each.slice(nameOf(each).length + 1)] as const);
  const service = {
    KUBERNETES_SERVICE_HOST: apiserver.address,
    KUBERNETES_SERVICE_PORT: String(apiserver.port),
    KUBERNETES_SERVICE_PORT_HTTPS: String(apiserver.port),
  };
  const env: Record<string, string> = {
    PATH: DEFAULT_PATH,
    ...Object.fromEntries(ofImage),
    HOSTNAME: pod.metadata.name,
  };
  // What refers to a variable sees those before it and the Services, not the image's.
  const known: Record<string, string> = { ...service };
  for (const { name, value, valueFrom } of container.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    known[name] = path === undefined ? expand(value ?? "", known) : field(pod, path, podIP);
  }
  const entrypoint = container.command ?? image.config.Entrypoint ?? [];
  const args = container.args ?? (container.command === undefined ? (image.config.Cmd ?? []) : []);
  const argv = [...entrypoint, ...args].map((each) => expand(each, known));
  if (argv[0] === undefined) throw new Error("no command specified");
  if (!argv[0].startsWith("/"))
    throw new Error(`not implemented by test/pods: a command looked up in PATH (${argv[0]})`);
  return {
    container,
    argv,
    env: { ...env, ...known },
    user,
    readOnly: security.readOnlyRootFilesystem ?? false,
    workdir: container.workingDir ?? image.config.WorkingDir ?? "/",
    graceSeconds: pod.spec.terminationGracePeriodSeconds ?? 30,
    stopDelaySeconds: container.lifecycle?.preStop?.sleep?.seconds ?? 0,
  };
}

function* refusals(spec: PodSpec): Generator<string> {
  const { initContainers = [], containers, volumes = [] } = spec;
  if (initContainers.length > 0) yield "spec.initContainers";
  if (containers.length !== 1) yield `spec.containers: ${containers.length} of them, only one is run`;
  for (const name of ["hostNetwork", "hostPID", "hostIPC"] as const) if (spec[name] === true) yield `spec.${name}`;
  if ((spec.securityContext?.supplementalGroups ?? []).length > 0) yield "spec.securityContext.supplementalGroups";
  for (const { name, ...source } of volumes) {
    const kind = Object.keys(source).find((each) => !IMPLEMENTED_VOLUMES.some((known) => known === each));
    if (kind !== undefined) yield `spec.volumes ${name}: ${kind} (only ${IMPLEMENTED_VOLUMES.join(", ")})`;
  }
  for (const container of containers) yield* containerRefusals(container);
}

function* containerRefusals(container: Container): Generator<string> {
  const { envFrom = [], env = [], volumeMounts = [], securityContext, lifecycle } = container;
  if (envFrom.length > 0) yield "envFrom";
  for (const { name, valueFrom } of env) {
    if (valueFrom !== undefined && valueFrom.fieldRef === undefined) yield `env ${name}: valueFrom other than fieldRef`;
  }
  for (const { name, subPath, subPathExpr } of volumeMounts) {
    if (subPath !== undefined || subPathExpr !== undefined) yield `volumeMounts ${name}: subPath`;
  }
  if (securityContext?.privileged === true) yield "securityContext.privileged";
  if ((securityContext?.capabilities?.add ?? []).length > 0) yield "securityContext.capabilities.add";
  if (lifecycle?.postStart !== undefined) yield "lifecycle.postStart";
  if (lifecycle?.preStop !== undefined && lifecycle.preStop.sleep === undefined) yield "lifecycle.preStop but sleep";
  for (const name of PROBES) {
    if (container[name] !== undefined && container[name].httpGet === undefined) yield `${name} but httpGet`;
  }
}

/** Throws where a name is of no port. */
export function probePort({ ports = [] }: Container, probe: Probe): number {
  const wanted = probe.httpGet?.port ?? 0;
  if (typeof wanted === "number") return wanted;
  const found = ports.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no port is called ${wanted}`);
  return found.containerPort;
}

/** The downward API: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
export function field(pod: Pod, path: string, podIP: string): string {
  const known: Record<string, string | undefined> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "metadata.uid": pod.metadata.uid,
    "spec.nodeName": pod.spec.nodeName,
    "spec.serviceAccountName": pod.spec.serviceAccountName,
    "status.podIP": podIP,
  };
  const value = known[path];
  if (value === undefined) throw new Error(`not implemented by test/pods: fieldRef ${path}`);
  return value;
}

/** `$(NAME)` by its value where it is known; `$$` is a dollar. */
export function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/gu, (found, name?: string) =>
    name === undefined ? "$" : Object.hasOwn(known, name) ? (known[name] ?? "") : found,
  );
}

function imageUser({ config }: Image): number {
  const user = (config.User ?? "").split(":")[0] ?? "";
  if (user === "") return 0;
  if (!/^\d+$/u.test(user)) throw new Error(`container has non-numeric user (${user}), cannot verify user is non-root`);
  return Number(user);
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0] ?? "";
}
