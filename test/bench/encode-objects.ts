/** Mixed objects as an API server sends them, made from a number: always the same ones. */

type Plain = Readonly<Record<string, unknown>>;

/** `count` objects of ten kinds in turn from the `first` on, each as the text of its JSON, with `managedFields` and status. */
export function objectTexts(count: number, first = 0): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const i = first + n;
    return JSON.stringify((makers[i % makers.length] as Maker)(i));
  });
}

type Maker = (i: number) => Plain;

const makers: readonly Maker[] = [
  deployment,
  configMap,
  service,
  statefulSet,
  role,
  customResource,
  deployment,
  networkPolicy,
  configMap,
  (i) => (i % 100 === 9 ? customResourceDefinition(i) : cronJob(i)),
];

const teams = ["shop", "search", "billing", "identity", "platform", "data"];
const words = "retry queue cache index worker budget region ledger token window batch stream shard replica".split(" ");

const teamOf = (i: number): string => teams[i % teams.length] as string;
const wordOf = (i: number): string => words[i % words.length] as string;
const nameOf = (i: number): string => `${wordOf(i)}-${wordOf(i >> 3)}-${i}`;
const hexOf = (i: number, length: number): string =>
  (i * 2654435761 + 12345).toString(16).padStart(length, "0").slice(-length);
const timeOf = (i: number): string => new Date(1_767_225_600_000 + i * 61_000).toISOString().replace(".000Z", "Z");
const uidOf = (i: number): string =>
  `${hexOf(i, 8)}-${hexOf(i + 1, 4)}-4${hexOf(i + 2, 3)}-a${hexOf(i + 3, 3)}-${hexOf(i + 4, 12)}`;

function metadataOf(i: number, more: Plain = {}): Plain {
  const labels = {
    app: nameOf(i),
    "app.kubernetes.io/name": wordOf(i),
    "app.kubernetes.io/part-of": teamOf(i),
    "app.kubernetes.io/version": `1.${i % 40}.${i % 7}`,
    tier: i % 2 === 0 ? "backend" : "frontend",
  };
  return {
    name: nameOf(i),
    namespace: teamOf(i),
    uid: uidOf(i),
    resourceVersion: `${4_000_000 + i * 3}`,
    generation: 1 + (i % 9),
    creationTimestamp: timeOf(i),
    labels,
    annotations: {
      "deployment.kubernetes.io/revision": `${1 + (i % 9)}`,
      "example.com/contact": `team-${teamOf(i)}@example.com`,
      "example.com/reviewed": i % 3 === 0 ? "yes" : timeOf(i),
    },
    managedFields: [
      {
        manager: "Mozilla",
        operation: "Update",
        apiVersion: "v1",
        time: timeOf(i),
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": {
            "f:annotations": { ".": {}, "f:example.com/contact": {}, "f:example.com/reviewed": {} },
            "f:labels": Object.fromEntries(
              [".", ...Object.keys(labels).map((key) => `f:${key}`)].map((key) => [key, {}]),
            ),
          },
          "f:spec": {
            "f:replicas": {},
            "f:template": {
              "f:spec": {
                "f:containers": {
                  'k:{"name":"app"}': {
                    ".": {},
                    "f:image": {},
                    "f:env": { ".": {}, 'k:{"name":"LOG_LEVEL"}': { ".": {}, "f:name": {}, "f:value": {} } },
                    "f:ports": { ".": {}, 'k:{"containerPort":8080,"protocol":"TCP"}': { ".": {}, "f:name": {} } },
                    "f:resources": { ".": {}, "f:limits": { ".": {}, "f:cpu": {}, "f:memory": {} } },
                  },
                },
              },
            },
          },
        },
      },
      {
        manager: "kube-controller-manager",
        operation: "Update",
        apiVersion: "v1",
        time: timeOf(i + 1),
        fieldsType: "FieldsV1",
        fieldsV1: { "f:status": { "f:conditions": { ".": {} }, "f:observedGeneration": {}, "f:replicas": {} } },
        subresource: "status",
      },
    ],
    ...more,
  };
}

function podTemplateOf(i: number): Plain {
  const port = 8080 + (i % 5);
  const probe = (path: string): Plain => ({
    httpGet: { path, port: "http", scheme: "HTTP" },
    initialDelaySeconds: 5,
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  return {
    metadata: { creationTimestamp: null, labels: { app: nameOf(i) }, annotations: { "prometheus.io/port": `${port}` } },
    spec: {
      volumes: [
        { name: "config", configMap: { name: `${nameOf(i)}-config`, defaultMode: 420 } },
        { name: "tmp", emptyDir: {} },
      ],
      containers: [
        {
          name: "app",
          image: `registry.example.com/${teamOf(i)}/${wordOf(i)}:v1.${i % 40}.0@sha256:${hexOf(i, 16).repeat(4)}`,
          command: ["/bin/sh", "-c", `set -e\nexport MODE=${wordOf(i)}\nexec /srv/app --port=${port} "$@"\n`],
          args: ["--verbose", `--shard=${i % 16}`, "--", "on"],
          ports: [{ name: "http", containerPort: port, protocol: "TCP" }],
          env: [
            { name: "LOG_LEVEL", value: "info" },
            { name: "FEATURE", value: i % 2 === 0 ? "true" : "off" },
            { name: "SCHEDULE", value: "0755" },
            { name: "URL", value: `https://${wordOf(i)}.example.com:${port}/v1?team=${teamOf(i)}&x=#top` },
            { name: "POD_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
          ],
          resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
          volumeMounts: [
            { name: "config", readOnly: true, mountPath: "/etc/app" },
            { name: "tmp", mountPath: "/tmp" },
          ],
          livenessProbe: probe("/healthz"),
          readinessProbe: probe("/readyz"),
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsNonRoot: true },
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: wordOf(i),
      serviceAccount: wordOf(i),
      securityContext: { fsGroup: 2000, runAsUser: 1000 },
      schedulerName: "default-scheduler",
      tolerations: [{ key: "dedicated", operator: "Equal", value: teamOf(i), effect: "NoSchedule" }],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "topology.kubernetes.io/zone",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: { app: nameOf(i) } },
        },
      ],
    },
  };
}

function deployment(i: number): Plain {
  return {
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata: metadataOf(i),
    spec: {
      replicas: 1 + (i % 6),
      selector: { matchLabels: { app: nameOf(i) } },
      template: podTemplateOf(i),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: statusOf(i),
  };
}

function statefulSet(i: number): Plain {
  return {
    kind: "StatefulSet",
    apiVersion: "apps/v1",
    metadata: metadataOf(i),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: nameOf(i) } },
      template: podTemplateOf(i),
      volumeClaimTemplates: [
        {
          kind: "PersistentVolumeClaim",
          apiVersion: "v1",
          metadata: { name: "data", creationTimestamp: null },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: `${10 + (i % 90)}Gi` } },
            storageClassName: "fast",
            volumeMode: "Filesystem",
          },
          status: { phase: "Pending" },
        },
      ],
      serviceName: nameOf(i),
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    },
    status: statusOf(i),
  };
}

function cronJob(i: number): Plain {
  return {
    kind: "CronJob",
    apiVersion: "batch/v1",
    metadata: metadataOf(i),
    spec: {
      schedule: `*/${1 + (i % 30)} * * * *`,
      concurrencyPolicy: "Forbid",
      suspend: false,
      jobTemplate: { metadata: { creationTimestamp: null }, spec: { template: podTemplateOf(i) } },
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    },
    status: { lastScheduleTime: timeOf(i), lastSuccessfulTime: timeOf(i) },
  };
}

/** Files as people keep them there: properties, scripts, JSON on one line, and what some YAML would read as something else. */
function configMap(i: number): Plain {
  return {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: metadataOf(i),
    data: {
      "application.properties": Array.from(
        { length: 20 + (i % 20) },
        (_, line) => `${wordOf(i + line)}.${wordOf(line)}.limit=${line * 10}`,
      ).join("\n"),
      "entrypoint.sh": `#!/bin/sh\nset -eu\n\nfor name in ${words.join(" ")}; do\n  echo "$name: $(date)"\ndone\n`,
      "settings.json": JSON.stringify({ team: teamOf(i), words, limits: { cpu: i % 8, memory: `${i % 64}Gi` } }),
      "windows.ini": `[${wordOf(i)}]\r\nkey = value\r\n`,
      "table.tsv": `name\tvalue\n${wordOf(i)}\t${i}\n`,
      country: "no",
      enabled: "on",
      mode: "0755",
      version: `1.${i % 10}`,
      ratio: "1e3",
      time: "12:30:45",
      date: "2026-01-31",
      merge: "<<",
      greeting: `Grüße aus ${teamOf(i)} 👋`,
      ...(i % 10 === 1 && {
        escape: "\u001b[31mred\u001b[0m\u2028\u0085",
        padded: " x ",
        motto: "all: work # no play",
      }),
    },
  };
}

function service(i: number): Plain {
  return {
    kind: "Service",
    apiVersion: "v1",
    metadata: metadataOf(i),
    spec: {
      ports: [
        { name: "http", protocol: "TCP", port: 80, targetPort: "http", nodePort: 30_000 + (i % 2000) },
        { name: "metrics", protocol: "TCP", port: 9090, targetPort: 9090, nodePort: 32_000 + (i % 700) },
      ],
      selector: { app: nameOf(i) },
      clusterIP: `10.96.${i % 250}.${(i >> 3) % 250}`,
      clusterIPs: [`10.96.${i % 250}.${(i >> 3) % 250}`],
      type: "NodePort",
      sessionAffinity: "None",
      externalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  };
}

function role(i: number): Plain {
  return {
    kind: "Role",
    apiVersion: "rbac.authorization.k8s.io/v1",
    metadata: metadataOf(i),
    rules: [
      { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods", "pods/log", "configmaps"] },
      { verbs: ["*"], apiGroups: ["apps", "batch"], resources: ["*"] },
      { verbs: ["update"], apiGroups: [""], resources: ["configmaps"], resourceNames: [nameOf(i)] },
    ],
  };
}

function networkPolicy(i: number): Plain {
  return {
    kind: "NetworkPolicy",
    apiVersion: "networking.k8s.io/v1",
    metadata: metadataOf(i),
    spec: {
      podSelector: { matchExpressions: [{ key: "app", operator: "In", values: [nameOf(i), wordOf(i)] }] },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          ports: [{ protocol: "TCP", port: 8080 }],
          from: [
            { namespaceSelector: { matchLabels: { team: teamOf(i) } } },
            { ipBlock: { cidr: "10.0.0.0/8", except: [`10.${i % 250}.0.0/16`] } },
          ],
        },
      ],
      egress: [{}],
    },
  };
}

function customResource(i: number): Plain {
  return {
    kind: "Dashboard",
    apiVersion: "observability.example.com/v1",
    metadata: metadataOf(i),
    spec: {
      title: `${wordOf(i)}: overview`,
      refresh: "30s",
      thresholds: [0.5, 0.95, 1.5e-7, 100 + i],
      seed: i * 7_919_777,
      enabled: i % 2 === 0,
      owner: null,
      panels: Array.from({ length: 6 }, (_, panel) => ({
        id: panel,
        title: `${wordOf(i + panel)} rate`,
        position: [
          [0, panel * 8],
          [24, 8],
        ],
        query: `sum by (pod) (\n  rate(http_requests_total{namespace="${teamOf(i)}", code=~"5.."}[5m])\n)`,
        options: { legend: { show: panel % 2 === 0, placement: "bottom" }, unit: "%" },
      })),
    },
    status: statusOf(i),
  };
}

function customResourceDefinition(i: number): Plain {
  const field = (type: string, n: number): Plain => ({
    description: `The ${wordOf(i + n)} of the ${wordOf(n)}.\nMore info: https://example.com/docs/${wordOf(n)}#field-${n}\n`,
    type,
    ...(type === "string" && { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", maxLength: 63 }),
    ...(type === "integer" && { format: "int64", minimum: 0, default: n }),
  });
  const fields = (depth: number): Plain =>
    Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [
        `${wordOf(n)}${n}`,
        depth > 0 && n === 0
          ? { type: "object", required: ["index1"], properties: fields(depth - 1) }
          : field(n % 2 === 0 ? "string" : "integer", n),
      ]),
    );
  return {
    kind: "CustomResourceDefinition",
    apiVersion: "apiextensions.k8s.io/v1",
    metadata: metadataOf(i, { name: `things${i}.example.com`, namespace: undefined }),
    spec: {
      group: "example.com",
      names: { plural: `things${i}`, singular: `thing${i}`, kind: `Thing${i}`, listKind: `Thing${i}List` },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: fields(4) } } },
          },
          subresources: { status: {} },
          additionalPrinterColumns: [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }],
        },
      ],
      conversion: { strategy: "None" },
    },
    status: statusOf(i),
  };
}

function statusOf(i: number): Plain {
  return {
    observedGeneration: 1 + (i % 9),
    replicas: 3,
    readyReplicas: 3,
    conditions: ["Available", "Progressing"].map((type) => ({
      type,
      status: "True",
      lastUpdateTime: timeOf(i),
      lastTransitionTime: timeOf(i),
      reason: "MinimumReplicasAvailable",
      message: `"${nameOf(i)}" has minimum availability.`,
    })),
  };
}
