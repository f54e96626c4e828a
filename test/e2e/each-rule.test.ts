/** No right too many: each rule of the installation, taken away, takes something with it that people would miss. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import {
  application,
  gitopsDefinitions,
  helmRelease,
  kustomization,
  labelledBy,
  trackedBy,
} from "../fixtures/gitops.ts";
import { samples } from "../fixtures/objects.ts";
import { established } from "../harness/established.ts";
import { lendSecret, root } from "../harness/install.ts";
import { startOperator } from "../harness/operator-process.ts";
import { captureObject, gitRemoteObject, secretObject } from "../harness/remote-yaml.ts";
import { clusterName, type Raw, startWorld, type World } from "./world.ts";

/** What works, as people see it; `configmap` and so on: an object of that kind is in Git. */
type Outcome = string;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** What is missed without the rule, by `KIND NAME: VERBS GROUP/RESOURCE`. Rules for kinds that are captured follow below. */
const missed: Readonly<Record<string, Outcome>> = {
  "ClusterRole clickscribe: get,list,watch clickscribe.dev/captures": "it is ready",
  "ClusterRole clickscribe: patch clickscribe.dev/captures/status": "the Capture is ready",
  "ClusterRole clickscribe: get /namespaces": "the Capture is ready",
  "ClusterRole clickscribe: create,patch events.k8s.io/events": "an Event tells of the commit",
  "ClusterRole clickscribe: create authorization.k8s.io/subjectaccessreviews": "a Capture acts for a ServiceAccount",
  "ClusterRole clickscribe: get,patch admissionregistration.k8s.io/validatingwebhookconfigurations": "it is ready",
  "ClusterRole clickscribe: list,watch argoproj.io/applications": "what Argo CD applies from there is captured",
  "ClusterRole clickscribe: list,watch kustomize.toolkit.fluxcd.io/kustomizations":
    "what Flux applies from there is captured",
  "ClusterRole clickscribe: list,watch helm.toolkit.fluxcd.io/helmreleases": "a HelmRelease that reads there is shown",
  "ClusterRole clickscribe: list,watch source.toolkit.fluxcd.io/gitrepositories":
    "what Flux applies from there is captured",
  "ClusterRole clickscribe: get rbac.authorization.k8s.io/clusterroles": "the webhook's registration has an owner",
  "Role clickscribe: create coordination.k8s.io/leases": "it is ready",
  "Role clickscribe: get,patch coordination.k8s.io/leases": "it is ready",
  "Role clickscribe: create /configmaps": "it sees that it is reached",
  "Role clickscribe: get,patch /secrets": "it is ready",
};

const fixture = readFileSync(join(root, "test/fixtures/chart/default.yaml"), "utf8");
const documents: readonly Raw[] = parseAllDocuments(fixture).map((document) => document.toJS());
const bound = new Set<string>(
  documents.filter(({ kind }) => /RoleBinding$/.test(kind)).map(({ roleRef }) => `${roleRef.kind} ${roleRef.name}`),
);
/** Those of the operator that hold rules of their own. */
const roles: readonly Role[] = documents.filter(
  ({ kind, metadata, rules }) => Array.isArray(rules) && rules.length > 0 && bound.has(`${kind} ${metadata.name}`),
);
/** How long it is waited for more to come; a busy machine takes its time to start an operator. */
const patience = { start: 20_000, settle: 5_000 };

function nameOf({ kind, metadata }: Role, { verbs, apiGroups, resources }: Rule): string {
  return `${kind} ${metadata.name}: ${verbs.join(",")} ${apiGroups[0] ?? ""}/${resources[0] ?? ""}`;
}

/** Of the first kind that the rule lets it read and that there is a sample of. */
function fileOutcome({ apiGroups, resources }: Rule): Outcome | undefined {
  const isOf = (resource: string): boolean => {
    const [version = "", plural = ""] = resource.split(" ");
    const group = version.includes("/") ? (version.split("/")[0] ?? "") : "";
    return apiGroups.includes(group) && resources.includes(plural);
  };
  return samples.find(({ resource }) => isOf(resource))?.object.kind.toLowerCase();
}

describe("without the rule", () => {
  let world: World;
  let number = 0;

  const apply = async (object: object): Promise<void> => {
    const args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    await world.plane.kubectl(args, { input: JSON.stringify(object) });
  };

  /** What an operator with the rules as they stand brings about, when nothing comes any more or all of `wanted` is there. */
  async function story(wanted: readonly Outcome[], kind?: string): Promise<ReadonlySet<Outcome>> {
    const namespace = `rule-${number++}`;
    const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}`;
    const send = async (user: string, method: string, path: string, body?: unknown): Promise<Raw> =>
      (await world.plane.request(user, method, path, body)).body;
    const repository = await world.git.createRepository(namespace);
    await send("admin", "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    const credentials = secretObject("git", namespace, { username: "bot", password: "secret" });
    await send("admin", "POST", `/api/v1/namespaces/${namespace}/secrets`, credentials);
    await lendSecret(world.plane, namespace, "git");
    await send("admin", "POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "reader" } });
    await apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "reader", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: [{ kind: "ServiceAccount", name: "reader", namespace }],
    });
    const sample = samples.find(({ object }) => object.kind.toLowerCase() === kind);
    if (sample !== undefined) {
      const [version = "", plural = ""] = sample.resource.split(" ");
      const path = `${version.includes("/") ? "/apis" : "/api"}/${version}/namespaces/${namespace}/${plural}`;
      const metadata = { ...(sample.object["metadata"] as object), namespace };
      await send("admin", "POST", path, { ...sample.object, metadata });
    }
    const here = { name: namespace, namespace, url: repository.url, path: "all" };
    for (const object of [application(here), ...kustomization(here), helmRelease(here)]) await apply(object);
    for (const [name, metadata] of [
      ["argocd", trackedBy(namespace, namespace, "argocd")],
      ["flux", labelledBy(namespace, namespace)],
    ] as const) {
      const object = { metadata: { name, ...metadata }, data: { a: "1" } };
      await send("admin", "POST", `/api/v1/namespaces/${namespace}/configmaps`, object);
    }
    const remote = { name: "platform", namespace, url: repository.url, secret: "git" };
    await send("admin", "POST", `${api}/gitremotes`, gitRemoteObject(remote));
    const capture = (name: string, spec: object): Promise<unknown> => {
      const object = captureObject({
        name,
        namespace,
        remote: "platform",
        path: name,
        spec: { batching: { quietPeriod: "0s" }, ...spec },
      });
      return send("admin", "POST", `${api}/captures`, object);
    };
    await capture("all", {});
    await capture("acting", {
      serviceAccountName: "reader",
      resources: { include: [{ groups: [""], kinds: ["ConfigMap"] }] },
    });
    const configuration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/clickscribe";
    await send("admin", "PATCH", configuration, { webhooks: null, metadata: { ownerReferences: null } });

    await send("admin", "DELETE", "/apis/coordination.k8s.io/v1/namespaces/clickscribe-system/leases/clickscribe");

    const outcomes = new Set<Outcome>();
    const operator = await startOperator({
      kubeconfig: world.kubeconfig,
      clusterName,
      flags: ["--lease=clickscribe", "--webhook-secret=clickscribe-webhook", "--owner-cluster-role=clickscribe"],
      waitUntilReady: false,
    });
    const isTrue = (object: Raw, type: string): boolean =>
      (object.status?.conditions ?? []).some(
        (condition: Raw) => condition.type === type && condition.status === "True",
      );
    const look = async (): Promise<void> => {
      if (operator.logs.some(({ msg }) => msg === "ready")) outcomes.add("it is ready");
      const all = await send("admin", "GET", `${api}/captures/all`);
      if (isTrue(all, "Attributing")) outcomes.add("it sees that it is reached");
      if (isTrue(await send("admin", "GET", `${api}/captures/acting`), "Ready"))
        outcomes.add("a Capture acts for a ServiceAccount");
      const consumers: readonly Raw[] = all.status?.consumers ?? [];
      if (consumers.some((consumer) => consumer["kind"] === "HelmRelease"))
        outcomes.add("a HelmRelease that reads there is shown");
      const { metadata } = await send("admin", "GET", configuration);
      if (metadata?.ownerReferences?.length > 0) outcomes.add("the webhook's registration has an owner");
      if (isTrue(all, "Ready") && !outcomes.has("the Capture is ready")) {
        outcomes.add("the Capture is ready");
        const body = { metadata: { name: "by-alice" }, data: { a: "1" } };
        await send("alice", "POST", `/api/v1/namespaces/${namespace}/configmaps`, body);
      }
      const { items = [] } = await send("admin", "GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
      if ((items as Raw[]).some(({ reason }) => reason === "Committed")) outcomes.add("an Event tells of the commit");
      const log = await repository.git("log", "--format=%an", "--name-only", "main");
      if (/^alice$/m.test(log)) outcomes.add("the author is known");
      if (/^all\/configmap-argocd/m.test(log)) outcomes.add("what Argo CD applies from there is captured");
      if (/^all\/configmap-flux/m.test(log)) outcomes.add("what Flux applies from there is captured");
      for (const [, file = ""] of log.matchAll(/^all\/([a-z]+)-/gm)) outcomes.add(file);
    };
    let ended = false;
    const end = operator.exited.then((how) => {
      ended = true;
      return how;
    });
    try {
      let last = { at: Date.now(), size: 0 };
      const isOver = (): boolean => {
        const waited = Date.now() - last.at;
        return ended || waited > (outcomes.has("the Capture is ready") ? patience.settle : patience.start);
      };
      while (!isOver() && !wanted.every((outcome) => outcomes.has(outcome))) {
        await look();
        if (outcomes.size > last.size) last = { at: Date.now(), size: outcomes.size };
        await sleep(100);
      }
    } finally {
      await operator.stop();
      await end;
    }
    return outcomes;
  }

  before(async () => {
    world = await startWorld({ operator: false });
    for (const definition of gitopsDefinitions) await apply(definition);
    await established(world.plane);
  });
  after(() => world.stop());

  it("of none, nothing is missed", async () => {
    const wanted = [...new Set(Object.values(missed)), "the author is known", "configmap", "deployment"];
    const outcomes = await story(wanted, "deployment");
    assert.deepEqual(
      wanted.filter((outcome) => !outcomes.has(outcome)),
      [],
    );
  });

  for (const role of roles) {
    for (const rule of role.rules) {
      const name = nameOf(role, rule);
      const kind = name in missed ? undefined : fileOutcome(rule);
      const outcome = missed[name] ?? kind;
      it(`${name}, it is missed that ${kind === undefined ? outcome : `a ${kind} is in Git`}`, async () => {
        assert.ok(outcome !== undefined, "nobody says what the rule is for");
        const rules = role.rules.filter((other) => other !== rule);
        await apply({ ...role, rules });
        try {
          const outcomes = await story([outcome], kind);
          assert.ok(!outcomes.has(outcome), `without it: ${[...outcomes].join(", ")}`);
          if (kind !== undefined)
            assert.ok(outcomes.has("the Capture is ready"), "it is this kind alone that is missed");
        } finally {
          await apply(role);
        }
      });
    }
  }
});
