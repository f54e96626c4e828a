/** The chart by the real helm, without a cluster: what it renders by which values, and which values it refuses. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { readConfig } from "../../operator/config.ts";
import { type ChartObject, chartFixture, parseChart, pauseFixture, refreshFixture } from "../harness/chart.ts";
import { operatorNamespace, root } from "../harness/install.ts";
import { createHelm, type Helm, must } from "./parts/run-helm.ts";

const chart = join(root, "charts", "clickscribe");
const named = ["--set", "clusterName=test"];

describe("helm", { timeout: 120_000 }, () => {
  let helm: Helm;
  const template = (...args: readonly string[]): ReturnType<Helm> =>
    helm("template", "clickscribe", chart, "--namespace", operatorNamespace, ...args);
  const render = async (...args: readonly string[]): Promise<readonly ChartObject[]> =>
    parseChart(await must(template(...named, ...args)));
  const kinds = (objects: readonly ChartObject[]): readonly string[] =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const captureRules = (objects: readonly ChartObject[]): unknown =>
    objects.find(({ kind, metadata }) => kind === "ClusterRole" && metadata.name.endsWith("-capture"))?.rules;
  const specOf = (objects: readonly ChartObject[], kind: string): unknown => {
    const found = objects.find((object) => object.kind === kind);
    assert.ok(found, kind);
    return found.spec;
  };
  const argsOf = (objects: readonly ChartObject[]): readonly string[] => {
    const { template: pod } = specOf(objects, "Deployment") as {
      readonly template: { readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] } };
    };
    return pod.spec.containers[0].args;
  };

  before(async () => {
    helm = await createHelm();
  });

  it("finds nothing to say about the chart", async () => {
    const said = await must(helm("lint", "--strict", chart, ...named));
    assert.doesNotMatch(said, /WARNING|ERROR/);
  });

  // UPDATE=1 writes it.
  it("renders the fixture that tests and the demo apply without it", async () => {
    const rendered = await must(template(...named));
    if (process.env["UPDATE"] === "1") await writeFile(chartFixture, rendered);
    assert.equal(rendered, await readFile(chartFixture, "utf8"));
  });

  it("renders the fixture of the right to ask Argo CD and Flux to look, which is there only where that is said", async () => {
    assert.ok(!(await must(template(...named))).includes("clickscribe-refresh"));
    for (const [fixture, pause] of [
      [refreshFixture, "false"],
      [pauseFixture, "true"],
    ] as const) {
      const values = `rbac.refresh.enabled=true,rbac.refresh.mayPause=${pause}`;
      const asked = ["--set", values, "--show-only", "templates/rbac-refresh.yaml"];
      const rendered = await must(template(...named, ...asked));
      if (process.env["UPDATE"] === "1") await writeFile(fixture, rendered);
      assert.equal(rendered, await readFile(fixture, "utf8"));
    }
  });

  it("says that the cluster needs a name", async () => {
    const { code, stderr } = await template();
    assert.equal(code, 1);
    assert.match(stderr, /clusterName: a name for this cluster is needed.* --set clusterName=prod-eu/);
  });

  const refused: readonly (readonly [what: string, args: readonly string[], said: RegExp])[] = [
    ["a cluster name that is no DNS label", ["--set", "clusterName=Prod"], /at '\/clusterName': 'Prod'/],
    ["an unknown value", ["--set", "webhok.enabled=false"], /additional properties 'webhok' not allowed/],
    ["an unknown nested value", ["--set", "webhook.enable=false"], /at '\/webhook': additional properties 'enable'/],
    ["a log level", ["--set", "logLevel=loud"], /at '\/logLevel'/],
    ["a privileged webhook port", ["--set", "webhook.port=443"], /at '\/webhook\/port'/],
    ["the webhook on the port of metrics", ["--set", "webhook.port=8080"], /at '\/webhook\/port'/],
    [
      "Secrets among what is captured",
      ["--set-json", 'rbac.watch=[{"group":"","resources":["secrets"]}]'],
      /at '\/rbac\/watch\/0\/resources\/0'/,
    ],
    [
      "Secrets beside what is captured",
      ["--set-json", 'rbac.watchAlso=[{"group":"","resources":["secrets"]}]'],
      /at '\/rbac\/watchAlso\/0\/resources\/0'/,
    ],
    [
      "a wildcard",
      ["--set-json", 'rbac.watchAlso=[{"group":"example.com","resources":["*"]}]'],
      /at '\/rbac\/watchAlso\/0\/resources\/0'/,
    ],
    [
      "a subresource",
      ["--set-json", 'rbac.watchAlso=[{"group":"","resources":["pods/exec"]}]'],
      /at '\/rbac\/watchAlso\/0\/resources\/0'/,
    ],
    [
      "all Secrets of a namespace",
      ["--set-json", 'rbac.secrets=[{"namespace":"shop","names":[]}]'],
      /at '\/rbac\/secrets\/0\/names'/,
    ],
    ["a tag in the repository of the image", ["--set", "image.repository=x:1"], /at '\/image\/repository'/],
    ["lines in a name", ["--set-json", 'priorityClassName="x\\n      hostNetwork: true"'], /at '\/priorityClassName'/],
    ["a name that no Service may have", ["--set", "fullnameOverride=Foo_Bar"], /at '\/fullnameOverride'/],
    [
      "labels that its pods are found by",
      ["--set-json", 'podLabels={"app.kubernetes.io/name":"x"}'],
      /at '\/podLabels\//,
    ],
    ["another POD_IP", ["--set-json", 'extraEnv=[{"name":"POD_IP","value":"x"}]'], /at '\/extraEnv\/0\/name'/],
    ["a poll that never rests", ["--set", "sourcePoll=0s"], /at '\/sourcePoll'/],
    [
      "an issuer without a name",
      ["--set", "webhook.certManager.enabled=true,webhook.certManager.issuerRef.kind=ClusterIssuer"],
      /at '\/webhook\/certManager\/issuerRef'/,
    ],
    ["kinds that are taken away", ["--set", "rbac.watch=null"], /at '\/rbac': missing property 'watch'/],
    ["an old Kubernetes", ["--kube-version", "1.29.9"], /requires kubeVersion/],
  ];
  for (const [what, args, said] of refused) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await template(...named, ...args);
      assert.equal(code, 1);
      assert.match(stderr, said);
    });
  }

  it("names everything after the release", async () => {
    const objects = parseChart(await must(helm("template", "other", chart, "-n", "elsewhere", ...named)));
    for (const { kind, metadata } of objects.filter((object) => object.kind !== "CustomResourceDefinition"))
      assert.match(metadata.name, /^other-clickscribe(-|$)/, kind);
    assert.ok(argsOf(objects).includes("--webhook-service=elsewhere/other-clickscribe-webhook"));
    assert.ok(argsOf(objects).includes("--lease=other-clickscribe"));
  });

  it("takes names that YAML would read as numbers and booleans, and dots in that of the release", async () => {
    const values = {
      watch: [{ group: "", resources: ["on", "null"] }],
      secrets: [{ namespace: "12", names: ["1e5"] }],
    };
    const json = Object.entries(values).flatMap(([key, value]) => [
      "--set-json",
      `rbac.${key}=${JSON.stringify(value)}`,
    ]);
    const odd = ["--set-string", "fullnameOverride=true,serviceAccount.name=1", ...json];
    for (const [release, namespace] of [
      ["123", "456"],
      ["on", "null"],
      ["1e5", "0x1f"],
    ] as const) {
      const objects = parseChart(await must(helm("template", release, chart, "-n", namespace, ...named, ...odd)));
      for (const { kind, metadata, subjects = [], roleRef, rules = [] } of objects) {
        const { labels, namespace: where = "" } = metadata;
        const names = subjects.flatMap((subject) => [subject.name, subject.namespace ?? ""]);
        const resources = rules.flatMap(({ resources, resourceNames = [] }) => [...resources, ...resourceNames]);
        const texts = [
          metadata.name,
          where,
          ...Object.values(labels ?? {}),
          ...names,
          roleRef?.name ?? "",
          ...resources,
        ];
        for (const text of texts) assert.equal(typeof text, "string", `${kind} ${text}`);
        assert.equal(labels?.["app.kubernetes.io/instance"], release);
      }
    }
    const dotted = parseChart(await must(helm("template", "a.b", chart, ...named)));
    for (const { kind, metadata } of dotted.filter((object) => object.kind === "Service"))
      assert.match(metadata.name, /^a-b-clickscribe-/, kind);
  });

  it("opens no way out that is not asked for", async () => {
    const none = ["--set-json", "networkPolicy.apiServerPorts=[]", "--set-json", "networkPolicy.gitPorts=[]"];
    const { egress } = specOf(await render(...none), "NetworkPolicy") as {
      readonly egress: readonly { readonly ports: readonly { readonly port: number }[] | null }[];
    };
    assert.deepEqual(
      egress.map(({ ports }) => ports?.map(({ port }) => port)),
      [[53, 53], [10250]],
    );
  });

  it("watches a list and nothing else", async () => {
    const list =
      '[{"group":"apps","resources":["statefulsets","deployments"]},{"group":"","resources":["configmaps"]}]';
    const also = '[{"group":"example.com","resources":["widgets"]},{"group":"apps","resources":["deployments"]}]';
    const objects = await render("--set-json", `rbac.watch=${list}`, "--set-json", `rbac.watchAlso=${also}`);
    const verbs = ["get", "list", "watch"];
    assert.deepEqual(captureRules(objects), [
      { apiGroups: [""], resources: ["configmaps"], verbs },
      { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs },
      { apiGroups: ["example.com"], resources: ["widgets"], verbs },
    ]);
    assert.deepEqual(captureRules(await render("--set-json", "rbac.watch=[]")), []);
  });

  it("lends Secrets by name, in each namespace", async () => {
    const lent = [
      { namespace: "shop", names: ["git"] },
      { namespace: "bank", names: ["git"] },
      { namespace: "shop", names: ["other", "git"] },
    ];
    const objects = await render("--set-json", `rbac.secrets=${JSON.stringify(lent)}`);
    const roles = objects.filter(({ kind, metadata }) => kind === "Role" && metadata.namespace !== operatorNamespace);
    assert.deepEqual(
      roles.map(({ metadata, rules }) => [metadata.namespace, rules]),
      [
        ["bank", ["git"]],
        ["shop", ["git", "other"]],
      ].map(([namespace, resourceNames]) => [
        namespace,
        [{ apiGroups: [""], resources: ["secrets"], resourceNames, verbs: ["get"] }],
      ]),
    );
    const bindings = objects.filter(
      ({ kind, metadata }) => kind === "RoleBinding" && metadata.namespace !== operatorNamespace,
    );
    assert.deepEqual(
      bindings.map(({ subjects }) => subjects?.[0]?.namespace),
      [operatorNamespace, operatorNamespace],
    );
  });

  it("lets the operator try out objects only where that is said, and never make them", async () => {
    const proving = (objects: readonly ChartObject[]): readonly ChartObject[] =>
      objects.filter(({ metadata }) => metadata.name === "clickscribe-prove-defaults");
    assert.deepEqual(proving(await render()), []);
    const kinds = '[{"group":"apps","resources":["statefulsets","deployments"]}]';
    const enabled = ["--set", "rbac.proveDefaults.enabled=true"];
    const objects = proving(await render(...enabled, "--set-json", `rbac.proveDefaults.kinds=${kinds}`));
    assert.deepEqual(objects.map(({ kind }) => kind).toSorted(), [
      "ClusterRole",
      "ClusterRoleBinding",
      "ValidatingAdmissionPolicy",
      "ValidatingAdmissionPolicyBinding",
    ]);
    assert.deepEqual(objects.find(({ kind }) => kind === "ClusterRole")?.rules, [
      { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: ["create"] },
    ]);
    const { matchConstraints, matchConditions } = specOf(objects, "ValidatingAdmissionPolicy") as {
      readonly matchConstraints: { readonly resourceRules: unknown };
      readonly matchConditions: readonly [{ readonly expression: string }];
    };
    assert.deepEqual(matchConstraints.resourceRules, [
      { apiGroups: ["apps"], apiVersions: ["*"], operations: ["CREATE"], resources: ["deployments", "statefulsets"] },
    ]);
    const account = `system:serviceaccount:${operatorNamespace}:clickscribe`;
    assert.equal(matchConditions[0].expression, `request.userInfo.username == "${account}"`);
    const none = proving(await render(...enabled, "--set-json", "rbac.proveDefaults.kinds=[]"));
    assert.deepEqual(none.find(({ kind }) => kind === "ClusterRole")?.rules, []);
  });

  it("lets the operator bring objects back to what Git has only where that is said", async () => {
    const undoing = (objects: readonly ChartObject[]): readonly ChartObject[] =>
      objects.filter(({ metadata }) => metadata.name === "clickscribe-undo");
    assert.deepEqual(undoing(await render()), []);
    const kinds = '[{"group":"apps","resources":["statefulsets","deployments"]}]';
    const objects = undoing(await render("--set", "rbac.undo.enabled=true", "--set-json", `rbac.undo.kinds=${kinds}`));
    assert.deepEqual(objects.map(({ kind }) => kind).toSorted(), ["ClusterRole", "ClusterRoleBinding"]);
    assert.deepEqual(objects.find(({ kind }) => kind === "ClusterRole")?.rules, [
      { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: ["update"] },
    ]);
  });

  it("lets people edit Captures only where that is said", async () => {
    const edit = (objects: readonly ChartObject[]): ChartObject | undefined =>
      objects.find(({ metadata }) => metadata.labels?.["rbac.authorization.k8s.io/aggregate-to-edit"] === "true");
    assert.equal(edit(await render()), undefined);
    assert.deepEqual(edit(await render("--set", "rbac.aggregateToEdit=true"))?.rules, [
      {
        apiGroups: ["clickscribe.dev"],
        resources: ["captures", "gitremotes", "notifiers"],
        verbs: ["create", "delete", "patch", "update"],
      },
    ]);
    const without = await render("--set", "rbac.aggregateToView=false");
    assert.ok(!kinds(without).includes("ClusterRole clickscribe-view"));
  });

  it("does without the webhook, and then without what it needs", async () => {
    const objects = await render("--set", "webhook.enabled=false");
    assert.ok(argsOf(objects).includes("--no-webhook"));
    assert.deepEqual(
      kinds(objects).filter((name) => /ebhook/.test(name)),
      [],
    );
    const rights = JSON.stringify(objects.map(({ rules }) => rules));
    for (const right of ["secrets", 'configmaps"],"verbs":["create', "validatingwebhookconfigurations"])
      assert.ok(!rights.includes(right), right);
  });

  it("leaves the certificate to cert-manager, and then needs no Secret", async () => {
    const certManager = ["--set", "webhook.certManager.enabled=true"];
    const objects = await render(...certManager);
    const names = kinds(objects);
    assert.ok(names.includes("Certificate clickscribe-webhook") && names.includes("Issuer clickscribe-webhook"));
    assert.ok(!names.includes("Secret clickscribe-webhook"));
    assert.ok(argsOf(objects).includes("--webhook-certificate=/etc/clickscribe/webhook"));
    assert.ok(!JSON.stringify(objects.map(({ rules }) => rules)).includes('"secrets"'));
    const { secretName, secretTemplate } = specOf(objects, "Certificate") as {
      readonly secretName: string;
      readonly secretTemplate: { readonly labels: Readonly<Record<string, string>> };
    };
    const { template: pod } = specOf(objects, "Deployment") as {
      readonly template: { readonly spec: { readonly volumes: readonly { readonly secret?: object }[] } };
    };
    assert.ok(pod.spec.volumes.some(({ secret }) => isDeepStrictEqual(secret, { secretName })));
    assert.equal(secretTemplate.labels["app.kubernetes.io/name"], "clickscribe");
    // cert-manager leaves it: a release that makes the other one must not meet it.
    assert.ok(!kinds(await render()).includes(`Secret ${secretName}`));
    const issuer = [
      "--set",
      "webhook.certManager.issuerRef.name=ours,webhook.certManager.issuerRef.kind=ClusterIssuer",
    ];
    const own = await render(...certManager, ...issuer);
    assert.ok(!kinds(own).includes("Issuer clickscribe-webhook"));
    const { issuerRef } = specOf(own, "Certificate") as { readonly issuerRef: unknown };
    assert.deepEqual(issuerRef, { name: "ours", kind: "ClusterIssuer" });
  });

  it("gives the operator flags that it takes", async () => {
    const values = [
      "defaultServiceAccount=scribe",
      "allowedGitHosts={git.example.com,*.example.org}",
      "allowPlainHttp=true",
      "allowLocalAddresses=true",
      "sourcePoll=5m",
      "logLevel=debug",
      "extraArgs={--http-bind=127.0.0.1}",
      "webhook.certManager.enabled=true",
    ];
    const args = argsOf(await render(...values.flatMap((value) => ["--set", value])));
    const readFile = (): string => "clickscribe-system";
    const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
    const argv = args.slice(1).map((arg) => arg.replace("$(POD_IP)", "fd00::1"));
    const read = readConfig({ argv, env, isTerminal: false, program: "clickscribe" }, readFile);
    assert.ok("config" in read, JSON.stringify(read));
    const { urls, defaultServiceAccount, sourcePollMs, logLevel, webhook, http } = read.config;
    assert.deepEqual(urls, {
      allowedHosts: ["git.example.com", "*.example.org"],
      allowPlainHttp: true,
      allowLocalAddresses: true,
    });
    assert.deepEqual(
      [defaultServiceAccount, sourcePollMs, logLevel, http.bind],
      ["scribe", 300_000, "debug", "127.0.0.1"],
    );
    assert.deepEqual(webhook?.certificate, { keptIn: "Folder", path: "/etc/clickscribe/webhook" });
  });

  it("leaves out what is switched off, and adds what is switched on", async () => {
    const off = ["crds.install", "podDisruptionBudget.enabled", "networkPolicy.enabled"];
    const on = ["serviceMonitor.enabled", "prometheusRule.enabled", "dashboard.enabled"];
    const by = kinds(await render());
    const changed = kinds(
      await render(
        ...off.flatMap((key) => ["--set", `${key}=false`]),
        ...on.flatMap((key) => ["--set", `${key}=true`]),
      ),
    );
    assert.deepEqual(by.filter((name) => !changed.includes(name)).toSorted(), [
      "CustomResourceDefinition captures.clickscribe.dev",
      "CustomResourceDefinition gitremotes.clickscribe.dev",
      "CustomResourceDefinition notifiers.clickscribe.dev",
      "NetworkPolicy clickscribe",
      "PodDisruptionBudget clickscribe",
    ]);
    assert.deepEqual(changed.filter((name) => !by.includes(name)).toSorted(), [
      "ConfigMap clickscribe-dashboard-clickscribe",
      "PrometheusRule clickscribe-clickscribe",
      "ServiceMonitor clickscribe",
    ]);
  });

  it("adds the alerts and the dashboard as they stand in their files", async () => {
    const objects = await render("--set", "prometheusRule.enabled=true,dashboard.enabled=true");
    const { groups } = specOf(objects, "PrometheusRule") as { readonly groups: unknown };
    const [alerts] = parseChart(await readFile(join(chart, "files/alerts/clickscribe.yaml"), "utf8"));
    assert.deepEqual({ groups }, alerts);
    const dashboard = objects.find(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1");
    const { data } = dashboard as unknown as { readonly data: Readonly<Record<string, string>> };
    const source = await readFile(join(chart, "files/dashboards/clickscribe.json"), "utf8");
    assert.deepEqual(JSON.parse(data["clickscribe-clickscribe.json"] ?? ""), JSON.parse(source));
  });

  it("takes every value of the pod", async () => {
    const values = {
      replicas: 3,
      image: {
        repository: "registry.example.com/x",
        digest: `sha256:${"a".repeat(64)}`,
        pullSecrets: [{ name: "pull" }],
      },
      podLabels: { team: "platform" },
      podAnnotations: { note: "yes" },
      nodeSelector: { zone: "a" },
      tolerations: [{ operator: "Exists" }],
      affinity: { podAntiAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 1 }],
      priorityClassName: "high",
      extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy.example.com" }],
      tmpSizeLimit: "2Gi",
    };
    const objects = await render(
      ...Object.entries(values).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]),
    );
    const spec = specOf(objects, "Deployment") as {
      readonly replicas: number;
      readonly template: { readonly metadata: object; readonly spec: { readonly containers: readonly [object] } };
    };
    const { template: pod } = spec;
    assert.equal(spec.replicas, 3);
    assert.partialDeepStrictEqual(pod.metadata, { labels: values.podLabels, annotations: values.podAnnotations });
    assert.partialDeepStrictEqual(pod.spec, {
      imagePullSecrets: [{ name: "pull" }],
      nodeSelector: values.nodeSelector,
      tolerations: values.tolerations,
      affinity: values.affinity,
      topologySpreadConstraints: values.topologySpreadConstraints,
      priorityClassName: "high",
      volumes: [{ name: "tmp", emptyDir: { sizeLimit: "2Gi" } }],
    });
    assert.partialDeepStrictEqual(pod.spec.containers[0], {
      image: `registry.example.com/x@sha256:${"a".repeat(64)}`,
      env: [{ name: "POD_IP" }, values.extraEnv[0]],
    });
  });
});
