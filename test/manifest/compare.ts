/**
 * Whether two API servers have the same object: their raw answers, less what servers and controllers own. It shares
 * nothing with the operator, whose work it judges.
 */

/** As JSON.parse gives it; a number that a double does not carry is the text `number DIGITS`. */
// oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON
export type RawObject = any;

export interface ServerOwned {
  /** Plural kinds, or all. */
  readonly kinds?: readonly string[];
  /** Keys from the root; `*` is each entry. */
  readonly path: readonly string[];
  /** Of the entry at the path, in the whole object. Default: always. */
  readonly when?: (value: RawObject, object: RawObject, key: string) => boolean;
  readonly reason: string;
}

const at = (path: string): readonly string[] => path.split("/");
const annotation = (object: RawObject, name: string): unknown => object.metadata.annotations?.[name];
const chosenAddress = (object: RawObject): boolean => object.metadata.name === "pinned";

export const serverOwned: readonly ServerOwned[] = [
  { path: at("status"), reason: "what controllers found, and none run beside the second server" },
  { path: at("metadata/uid"), reason: "made up by each server" },
  { path: at("metadata/resourceVersion"), reason: "counts this server's writes" },
  { path: at("metadata/generation"), reason: "counts changes of spec since the object was made there" },
  { path: at("metadata/creationTimestamp"), reason: "when the object was made there" },
  { path: at("metadata/managedFields"), reason: "who wrote what, there" },
  {
    kinds: ["Deployment"],
    path: ["metadata", "annotations", "deployment.kubernetes.io/revision"],
    reason: "the deployment controller counts rollouts",
  },
  {
    kinds: ["Service"],
    path: at("spec/clusterIP"),
    when: (value, object) => value !== "None" && !chosenAddress(object),
    reason: "allocated by each server, where nobody chose it",
  },
  {
    kinds: ["Service"],
    path: at("spec/clusterIPs"),
    when: (value, object) => value[0] !== "None" && !chosenAddress(object),
    reason: "allocated by each server, where nobody chose it",
  },
  {
    kinds: ["Service"],
    path: at("spec/ports/*/nodePort"),
    when: (value) => value !== 30023,
    reason: "allocated by each server, where nobody chose it",
  },
  { kinds: ["Service"], path: at("spec/healthCheckNodePort"), reason: "allocated by each server" },
  {
    kinds: ["Job"],
    path: ["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"],
    reason: "the Job's own UID",
  },
  ...["controller-uid", "batch.kubernetes.io/controller-uid"].flatMap((label) => [
    { kinds: ["Job"], path: ["spec", "template", "metadata", "labels", label], reason: "the Job's own UID" },
    { kinds: ["Job"], path: ["metadata", "labels", label], reason: "copied from the template by the server" },
  ]),
  {
    kinds: ["PersistentVolumeClaim"],
    path: at("spec/volumeName"),
    when: (_, object) => annotation(object, "pv.kubernetes.io/bound-by-controller") === "yes",
    reason: "the volume controller chose the volume",
  },
  {
    kinds: ["PersistentVolume"],
    path: at("spec/claimRef"),
    when: (_, object) => annotation(object, "pv.kubernetes.io/bound-by-controller") === "yes",
    reason: "the volume controller chose the claim",
  },
  {
    kinds: ["PersistentVolumeClaim", "PersistentVolume"],
    path: at("metadata/annotations/*"),
    when: (_, __, key) => ["bind-completed", "bound-by-controller"].some((name) => key === `pv.kubernetes.io/${name}`),
    reason: "the volume controller's notes on binding",
  },
  {
    kinds: ["ServiceCIDR"],
    path: at("metadata/finalizers/*"),
    when: (value) => value === "networking.k8s.io/service-cidr-finalizer",
    reason: "the service CIDR controller's",
  },
  {
    kinds: ["ClusterRole"],
    path: at("rules"),
    when: (_, object) => object.aggregationRule !== undefined,
    reason: "the aggregation controller fills them in",
  },
  {
    kinds: ["Pod"],
    path: at("spec/ephemeralContainers"),
    reason: "`kubectl debug` adds them through a subresource; the server takes no new Pod that has them",
  },
  {
    kinds: ["ServiceAccount"],
    path: at("secrets/*"),
    when: (value) => /-token-[a-z0-9]{5}$/.test(value.name),
    reason: "named like the token controller's",
  },
];

/** JSON Pointers of what the two have differently, with both values; empty where they are the same object. */
export function differences(one: string, other: string): readonly string[] {
  return [...compare(stripped(one), stripped(other), "")];
}

/** JSON Pointers of what in an object is the server's, though it should hold what a person wants. */
export function noise(object: RawObject): readonly string[] {
  return [...compare(object, less(structuredClone(object)), "")];
}

function stripped(text: string): RawObject {
  const object: RawObject = JSON.parse(text, exactly);
  return less(object);
}

/** `object` is changed. */
function less(object: RawObject): RawObject {
  const whole: RawObject = structuredClone(object);
  for (const owned of serverOwned) {
    if (owned.kinds === undefined || owned.kinds.includes(object.kind)) remove(object, owned.path, owned, whole);
  }
  return object;
}

function exactly(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return String(value) === context.source ? value : `number ${context.source}`;
}

function remove(value: RawObject, path: readonly string[], owned: ServerOwned, whole: RawObject): void {
  if (typeof value !== "object" || value === null) return;
  const [step = "", ...rest] = path;
  for (const key of step === "*" ? Object.keys(value).toReversed() : [step]) {
    if (!Object.hasOwn(value, key)) continue;
    if (rest.length > 0) {
      const wasEmpty = isEmpty(value[key]);
      remove(value[key], rest, owned, whole);
      // A map or list of the server's entries alone would not be there without them.
      if (rest.length === 1 && !wasEmpty && isEmpty(value[key])) delete value[key];
    } else if (owned.when?.(value[key], whole, key) ?? true) {
      if (Array.isArray(value)) value.splice(Number(key), 1);
      else delete value[key];
    }
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function* compare(one: unknown, other: unknown, path: string): Generator<string> {
  if (Object.is(one, other)) return;
  const isMap = typeof one === "object" && one !== null && typeof other === "object" && other !== null;
  if (!isMap || Array.isArray(one) !== Array.isArray(other)) {
    yield `${path}: ${JSON.stringify(one)} here, ${JSON.stringify(other)} there`;
    return;
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const get = (value: object): unknown => (Object.hasOwn(value, key) ? (value as RawObject)[key] : undefined);
    yield* compare(get(one), get(other), `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}
