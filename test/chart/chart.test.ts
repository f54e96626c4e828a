/** What the chart renders by default: an unprivileged pod, arguments that the operator takes, and the least rights. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { parse } from "yaml";
import { readConfig } from "../../operator/config.ts";
import { type ChartObject, type ChartRule, chartObjects } from "../harness/chart.ts";
import { root } from "../harness/install.ts";

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly object[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly serviceAccountName: string;
  readonly volumes: readonly object[];
  readonly [field: string]: unknown;
}

const selector = { "app.kubernetes.io/name": "clickscribe", "app.kubernetes.io/instance": "clickscribe" };

describe("the chart", () => {
  let objects: readonly ChartObject[];
  const find = (kind: string, name: string): ChartObject => {
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
    assert.ok(found, `${kind} ${name}`);
    return found;
  };
  const podSpec = (): PodSpec =>
    (find("Deployment", "clickscribe").spec as { readonly template: { readonly spec: PodSpec } }).template.spec;
  const container = (): Container => {
    const [first, ...others] = podSpec().containers;
    assert.ok(first);
    assert.deepEqual(others, []);
    return first;
  };

  before(async () => {
    objects = await chartObjects();
  });

  it("renders these objects, each with the labels of the release", () => {
    assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted(), [
      "ClusterRole clickscribe",
      "ClusterRole clickscribe-capture",
      "ClusterRole clickscribe-capture-added",
      "ClusterRole clickscribe-view",
      "ClusterRoleBinding clickscribe",
      "ClusterRoleBinding clickscribe-capture",
      "ClusterRoleBinding clickscribe-capture-added",
      "CustomResourceDefinition captures.clickscribe.dev",
      "CustomResourceDefinition gitremotes.clickscribe.dev",
      "CustomResourceDefinition notifiers.clickscribe.dev",
      "Deployment clickscribe",
      "NetworkPolicy clickscribe",
      "PodDisruptionBudget clickscribe",
      "Role clickscribe",
      "RoleBinding clickscribe",
      "Secret clickscribe-webhook",
      "Service clickscribe-metrics",
      "Service clickscribe-webhook",
      "ServiceAccount clickscribe",
      "ValidatingWebhookConfiguration clickscribe",
    ]);
    for (const { kind, metadata } of objects) {
      const { labels = {} } = metadata;
      assert.deepEqual({ ...labels, ...selector, "app.kubernetes.io/managed-by": "Helm" }, labels, kind);
    }
  });

  it("has the version of the package", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    const chart = parse(readFileSync(join(root, "charts/clickscribe/Chart.yaml"), "utf8")) as Record<string, unknown>;
    assert.equal(chart["version"], version);
    assert.equal(chart["appVersion"], version);
    assert.equal(container().image, `ghcr.io/clickscribe/clickscribe:${version}`);
  });

  it("leaves the webhook configuration and the certificate's Secret to the operator", () => {
    for (const [kind, name] of [
      ["ValidatingWebhookConfiguration", "clickscribe"],
      ["Secret", "clickscribe-webhook"],
    ] as const) {
      const fields = Object.keys(find(kind, name)).filter((field) => field !== "type");
      assert.deepEqual(fields, ["apiVersion", "kind", "metadata"]);
    }
  });

  it("keeps the CRDs, and all of their source", () => {
    for (const object of objects.filter(({ kind }) => kind === "CustomResourceDefinition")) {
      assert.deepEqual(object.metadata.annotations, { "helm.sh/resource-policy": "keep" });
      const file = `clickscribe.dev_${object.metadata.name.split(".")[0]}.yaml`;
      const source = parse(readFileSync(join(root, "crds", file), "utf8")) as ChartObject;
      assert.deepEqual(object.spec, source.spec);
    }
  });

  describe("its pod", () => {
    it("fits the restricted Pod Security Standard", () => {
      const pod = podSpec();
      assert.deepEqual(pod.securityContext, {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        fsGroup: 65532,
        seccompProfile: { type: "RuntimeDefault" },
      });
      assert.deepEqual(container().securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      for (const field of ["hostNetwork", "hostPID", "hostIPC", "initContainers", "shareProcessNamespace"])
        assert.equal(pod[field], undefined, field);
    });

    it("writes to /tmp and nowhere else", () => {
      assert.deepEqual(container().volumeMounts, [{ name: "tmp", mountPath: "/tmp" }]);
      assert.deepEqual(podSpec().volumes, [{ name: "tmp", emptyDir: { sizeLimit: "1Gi" } }]);
    });

    it("has arguments that the operator takes, and they name the chart's objects", () => {
      const argv = container().args.map((arg) => arg.replace("$(POD_IP)", "10.1.2.3"));
      assert.deepEqual(
        container().env.map(({ name }) => name),
        ["POD_IP"],
      );
      const [command = "", ...flags] = argv;
      assert.equal(command, "run");
      const inCluster = (path: string): string => {
        if (path.endsWith("/token")) return "token";
        if (path.endsWith("/ca.crt")) return "ca";
        if (path.endsWith("/namespace")) return "clickscribe-system";
        throw new Error(`no such file: ${path}`);
      };
      const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
      const started = { argv: flags, env, isTerminal: false, program: "clickscribe" };
      const read = readConfig(started, inCluster);
      assert.ok("config" in read, JSON.stringify(read));
      const { config } = read;
      assert.equal(config.clusterName, "test");
      assert.equal(config.namespace, find("Deployment", "clickscribe").metadata.namespace);
      assert.deepEqual(config.lease, { name: "clickscribe", advertise: "10.1.2.3", ownerClusterRole: "clickscribe" });
      assert.deepEqual(config.webhook, {
        port: 10250,
        bind: "0.0.0.0",
        configuration: find("ValidatingWebhookConfiguration", "clickscribe").metadata.name,
        reachedBy: { type: "Service", namespace: "clickscribe-system", name: "clickscribe-webhook" },
        certificate: { keptIn: "Secret", name: find("Secret", "clickscribe-webhook").metadata.name },
        ownerClusterRole: find("ClusterRole", "clickscribe").metadata.name,
      });
      const ports = container().ports.map(({ name, containerPort }) => [name, containerPort]);
      assert.deepEqual(ports, [
        ["http", config.http.port],
        ["webhook", config.webhook?.port],
      ]);
    });

    it("is reached by its Services and probes", () => {
      for (const [name, port, target] of [
        ["clickscribe-webhook", 443, "webhook"],
        ["clickscribe-metrics", 8080, "http"],
      ] as const) {
        assert.deepEqual(find("Service", name).spec, {
          selector,
          ports: [{ name: target, port, targetPort: target, protocol: "TCP" }],
        });
      }
      assert.deepEqual(container().livenessProbe.httpGet, { path: "/healthz", port: "http" });
      assert.deepEqual(container().readinessProbe.httpGet, { path: "/readyz", port: "http" });
      assert.equal(podSpec().serviceAccountName, find("ServiceAccount", "clickscribe").metadata.name);
    });
  });

  describe("its rights", () => {
    /** `ROLE: VERBS RESOURCES.GROUP [NAMES]`. */
    const listed = ({ kind, metadata }: ChartObject, rule: ChartRule): readonly string[] =>
      rule.resources.map((resource) => {
        const group = rule.apiGroups.join(",");
        const names = rule.resourceNames === undefined ? "" : ` ${rule.resourceNames.join(",")}`;
        return `${kind} ${metadata.name}: ${rule.verbs.join(",")} ${resource}${group === "" ? "" : `.${group}`}${names}`;
      });
    const all = (): readonly string[] =>
      objects.flatMap((object) => (object.rules ?? []).flatMap((rule) => listed(object, rule)));

    it("are these beside what can be captured", () => {
      const isCaptured = (line: string): boolean => line.startsWith("ClusterRole clickscribe-capture: get,list,watch ");
      assert.deepEqual(
        all().filter((line) => !isCaptured(line)),
        [
          "ClusterRole clickscribe: get,list,watch captures.clickscribe.dev",
          "ClusterRole clickscribe: get,list,watch gitremotes.clickscribe.dev",
          "ClusterRole clickscribe: get,list,watch notifiers.clickscribe.dev",
          "ClusterRole clickscribe: patch captures/status.clickscribe.dev",
          "ClusterRole clickscribe: patch gitremotes/status.clickscribe.dev",
          "ClusterRole clickscribe: patch notifiers/status.clickscribe.dev",
          "ClusterRole clickscribe: get namespaces",
          "ClusterRole clickscribe: create,patch events.events.k8s.io",
          "ClusterRole clickscribe: create subjectaccessreviews.authorization.k8s.io",
          "ClusterRole clickscribe: list,watch applications.argoproj.io",
          "ClusterRole clickscribe: list,watch kustomizations.kustomize.toolkit.fluxcd.io",
          "ClusterRole clickscribe: list,watch helmreleases.helm.toolkit.fluxcd.io",
          "ClusterRole clickscribe: list,watch gitrepositories.source.toolkit.fluxcd.io",
          "ClusterRole clickscribe: get,patch validatingwebhookconfigurations.admissionregistration.k8s.io clickscribe",
          "ClusterRole clickscribe: get clusterroles.rbac.authorization.k8s.io clickscribe",
          "ClusterRole clickscribe-view: get,list,watch captures.clickscribe.dev",
          "ClusterRole clickscribe-view: get,list,watch gitremotes.clickscribe.dev",
          "ClusterRole clickscribe-view: get,list,watch notifiers.clickscribe.dev",
          "Role clickscribe: create leases.coordination.k8s.io",
          "Role clickscribe: get,patch leases.coordination.k8s.io clickscribe",
          "Role clickscribe: create configmaps",
          "Role clickscribe: get,patch secrets clickscribe-webhook",
        ],
      );
    });

    it("have no wildcard, and of what can be captured no Secret and no subresource", () => {
      for (const line of all()) assert.doesNotMatch(line, /\*/);
      const captured = objects.find(({ metadata }) => metadata.name === "clickscribe-capture")?.rules ?? [];
      assert.ok(captured.length > 5);
      for (const { resources, verbs } of captured) {
        assert.deepEqual(verbs, ["get", "list", "watch"]);
        for (const resource of resources) assert.match(resource, /^(?!secrets$)[a-z]+$/);
      }
    });

    it("are bound to the operator's ServiceAccount alone", () => {
      const account = { kind: "ServiceAccount", name: "clickscribe", namespace: "clickscribe-system" };
      for (const { kind, metadata, subjects, roleRef } of objects) {
        if (!kind.endsWith("Binding")) continue;
        assert.deepEqual(subjects, [account], metadata.name);
        assert.ok(find(roleRef?.kind ?? "", roleRef?.name ?? ""));
      }
    });
  });
});
