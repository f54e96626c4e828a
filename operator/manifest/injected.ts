/** What admission webhooks put into Pods: whoever applies such a manifest again gets it once more. Reported, not removed. */
import type { Json, JsonObject } from "../values.ts";
import { identityOf, isObject, metadataOf, objectAt, textAt } from "./identity.ts";

export interface InjectedPart {
  /** JSON Pointer (RFC 6901). */
  readonly path: string;
  /** `the container istio-proxy, by Istio` */
  readonly what: string;
}

interface Injector {
  readonly by: string;
  /** What the injector leaves on the Pod: an annotation, or a label. */
  readonly mark: string;
  readonly names: readonly string[];
  readonly source: string;
}

/** Names of containers, init containers and volumes; the mark must be there too. */
const injectors: readonly Injector[] = [
  {
    by: "Istio",
    mark: "sidecar.istio.io/status",
    names: [
      "istio-proxy",
      "istio-init",
      "istio-validation",
      "istio-envoy",
      "istio-data",
      "istio-podinfo",
      "istio-token",
    ],
    source: "Istio, sidecar injection template",
  },
  {
    by: "Linkerd",
    mark: "linkerd.io/proxy-version",
    names: ["linkerd-proxy", "linkerd-init", "linkerd-network-validator", "linkerd-identity-end-entity"],
    source: "Linkerd, proxy injector",
  },
  {
    by: "Vault",
    mark: "vault.hashicorp.com/agent-inject-status",
    names: ["vault-agent", "vault-agent-init", "vault-secrets", "home-init", "home-sidecar"],
    source: "Vault Agent injector, annotations",
  },
  { by: "Dapr", mark: "dapr.io/enabled", names: ["daprd", "dapr-identity-token"], source: "Dapr, sidecar injector" },
  {
    by: "Consul",
    mark: "consul.hashicorp.com/connect-inject-status",
    names: ["consul-dataplane", "consul-connect-inject-init"],
    source: "Consul on Kubernetes",
  },
  {
    by: "Kuma",
    mark: "kuma.io/sidecar-injected",
    names: ["kuma-sidecar", "kuma-init"],
    source: "Kuma, data plane on Kubernetes",
  },
];

/** `content`: what is written of the object. Only Pods that nobody owns carry such parts into Git. */
export function injectedParts(content: JsonObject): readonly InjectedPart[] {
  const { group, kind } = identityOf(content);
  if (group !== "" || kind !== "Pod") return [];
  const metadata = metadataOf(content);
  const marks = [objectAt(metadata, "annotations"), objectAt(metadata, "labels")];
  const present = injectors.filter(({ mark }) => marks.some((some) => Object.hasOwn(some, mark)));
  const spec = objectAt(content, "spec");
  return [
    ["containers", "the container"],
    ["initContainers", "the init container"],
    ["volumes", "the volume"],
  ].flatMap(([list = "", sort]) => {
    const items: Json | undefined = spec[list];
    if (!Array.isArray(items)) return [];
    return (items as readonly Json[]).flatMap((item, i) => {
      const name = isObject(item) ? textAt(item, "name") : "";
      const by = present.find(({ names }) => names.includes(name))?.by;
      return by === undefined ? [] : [{ path: `/spec/${list}/${i}`, what: `${sort} ${name}, by ${by}` }];
    });
  });
}
