/** Who did it, on a real API server: requests of several users, reviewed by the real webhook, joined to a real watch. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Author, Json, JsonObject } from "../../operator/values.ts";
import { createServingCertificate } from "../../webhooks/certificate/create-certificate.ts";
import { admissionPathOf } from "../../webhooks/server.ts";
import { configMaps, deployments, kinds, namespace, pathOf, widgets } from "./kinds.ts";
import { eventually, type Setup, startSetup } from "./setup.ts";

let setup: Setup;
before(async () => {
  setup = await startSetup();
});
after(() => setup?.stop());

const as: Setup["as"] = (...args) => setup.as(...args);
const authorOf: Setup["authorOf"] = (...args) => setup.authorOf(...args);
const applyPatch = "application/apply-patch+yaml";

function nameOf(author: Author): string {
  return "person" in author ? author.person : JSON.stringify(author);
}

async function assertAuthor(person: string, object: string, act: () => Promise<unknown>): Promise<Author> {
  const author = await authorOf(object, act);
  assert.equal(nameOf(author), person);
  return author;
}

function configMap(name: string, data: object = { a: "1" }): () => Promise<unknown> {
  return () => as("alice", "POST", pathOf(configMaps), { metadata: { name }, data });
}

const deployment = (name: string): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "web", image: "registry.example/web:1", ports: [{ containerPort: 80 }] }] },
    },
  },
});

describe("each way to write", () => {
  it("create, merge patch, JSON patch, put", async () => {
    const path = pathOf(configMaps, "app");
    await assertAuthor("alice", "ConfigMap/app", configMap("app"));
    await assertAuthor("bob", "ConfigMap/app", () => as("bob", "PATCH", path, { data: { a: "2" } }));
    const replace = [{ op: "replace", path: "/data/a", value: "3" }];
    await assertAuthor("carol", "ConfigMap/app", () =>
      as("carol", "PATCH", path, replace, "application/json-patch+json"),
    );
    await assertAuthor("alice", "ConfigMap/app", () =>
      as("alice", "PUT", path, { metadata: { name: "app" }, data: { a: "4" } }),
    );
  });
  it("server-side apply, with the tool's name", async () => {
    const apply = (user: string, b: string) => () =>
      as(
        user,
        "PATCH",
        `${pathOf(configMaps, "applied")}?fieldManager=tool-of-${user}&force=true`,
        JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data: { [user]: b } }),
        applyPatch,
      );
    const created = await assertAuthor("carol", "ConfigMap/applied", apply("carol", "1"));
    assert.equal("tool" in created && created.tool, "tool-of-carol");
    const updated = await assertAuthor("bob", "ConfigMap/applied", apply("bob", "2"));
    assert.equal("tool" in updated && updated.tool, "tool-of-bob");
  });
  it("kubectl: apply, label, scale, set image, rollout restart, as somebody else, delete", async () => {
    const object = "Deployment/web";
    const kubectl = (user: string, ...args: string[]): (() => Promise<unknown>) => {
      const input = args[0] === "apply" ? JSON.stringify(deployment("web")) : "";
      return () => setup.controlPlane.kubectl(["-n", namespace, ...args], { user, input });
    };
    await assertAuthor("alice", object, kubectl("alice", "apply", "-f", "-"));
    const labelled = await assertAuthor("bob", object, kubectl("bob", "label", "deployment", "web", "team=shop"));
    assert.equal("tool" in labelled && labelled.tool, "kubectl-label");
    const scaled = await assertAuthor("carol", object, kubectl("carol", "scale", "deployment/web", "--replicas=2"));
    assert.match("evidence" in scaled ? scaled.evidence : "", /through scale/);
    assert.equal("tool" in scaled && scaled.tool, "kubectl");
    const image = "web=registry.example/web:2";
    await assertAuthor("alice", object, kubectl("alice", "set", "image", "deployment/web", image));
    await assertAuthor("bob", object, kubectl("bob", "rollout", "restart", "deployment/web"));
    const asDave = ["--as=dave", "--as-group=developers"];
    await assertAuthor("dave", object, kubectl("admin", ...asDave, "label", "deployment", "web", "x=y"));
    await assertAuthor("carol", object, kubectl("carol", "delete", "deployment", "web"));
  });
  it("Headlamp: a put of the whole live object, managedFields and resourceVersion included", async () => {
    const object = "Deployment/edited";
    await assertAuthor("alice", object, () => as("alice", "POST", pathOf(deployments), deployment("edited")));
    // Until its controller has written revision and status.
    await sleep(300);
    const path = pathOf(deployments, "edited");
    const { body } = await as("bob", "GET", path);
    assert.ok(body.metadata.managedFields.length > 1);
    body.spec.template.spec.containers[0].image = "registry.example/web:9";
    await assertAuthor("bob", object, () => as("bob", "PUT", path, body));
  });
  it("scale of a custom resource, and numbers that a double cannot carry", async () => {
    const text = `{"apiVersion":"shop.example/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":1,"big":9007199254740993}}`;
    const path = pathOf(widgets, "w");
    await assertAuthor("alice", "Widget/w", () => as("alice", "POST", pathOf(widgets), text));
    await assertAuthor("bob", "Widget/w", () => as("bob", "PATCH", `${path}/scale`, { spec: { replicas: 7 } }));
    await assertAuthor("carol", "Widget/w", () => as("carol", "PATCH", path, '{"spec":{"big":9007199254740995}}'));
  });
  it("a write in another version than the watched one", async () => {
    const path = `/apis/autoscaling/v1/namespaces/${namespace}/horizontalpodautoscalers`;
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "nothing" };
    const spec = { maxReplicas: 3, scaleTargetRef, targetCPUUtilizationPercentage: 50 };
    await assertAuthor("alice", "HorizontalPodAutoscaler/old", () =>
      as("alice", "POST", path, { metadata: { name: "old" }, spec }),
    );
  });
});

describe("kinds whose stored content could differ from what was reviewed", () => {
  const selector = { matchLabels: { app: "x" } };
  const containers = [{ name: "c", image: "registry.example/c:1" }];
  const template = { metadata: { labels: { app: "x" } }, spec: { containers } };
  const once = { template: { spec: { containers, restartPolicy: "Never" } } };
  const specs: Readonly<Record<string, object>> = {
    Service: { spec: { type: "LoadBalancer", ports: [{ port: 80 }], selector: { app: "x" } } },
    ServiceAccount: {},
    PersistentVolumeClaim: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1000Mi" } } } },
    StatefulSet: { spec: { serviceName: "x", replicas: 0, selector, template } },
    DaemonSet: { spec: { selector, template } },
    CronJob: { spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: once } } },
    Job: { spec: { suspend: true, ...once } },
    Ingress: { spec: { defaultBackend: { service: { name: "x", port: { number: 80 } } } } },
    NetworkPolicy: { spec: { podSelector: {} } },
    PodDisruptionBudget: { spec: { minAvailable: 1, selector } },
    Role: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
  };
  for (const [name, rest] of Object.entries(specs)) {
    it(`${name}: created by alice, labelled by bob, deleted by carol`, async () => {
      const kind = kinds.find((candidate) => candidate.kind === name) ?? assert.fail();
      const object = `${name}/x`;
      await assertAuthor("alice", object, () =>
        as("alice", "POST", pathOf(kind), { metadata: { name: "x" }, ...rest }),
      );
      const label = { metadata: { labels: { team: "shop" } } };
      await assertAuthor("bob", object, () => as("bob", "PATCH", pathOf(kind, "x"), label));
      const background = { propagationPolicy: "Background" };
      await assertAuthor("carol", object, () => as("carol", "DELETE", pathOf(kind, "x"), background));
    });
  }
});

describe("deletes", () => {
  it("with a finalizer: who deleted it, though another deletes again and a third removes the finalizer", async () => {
    const path = pathOf(configMaps, "held");
    const metadata = { name: "held", finalizers: ["shop.example/hold"] };
    await authorOf("ConfigMap/held", () => as("alice", "POST", pathOf(configMaps), { metadata }));
    await as("bob", "DELETE", path);
    await as("alice", "DELETE", path);
    await sleep(50);
    await assertAuthor("bob", "ConfigMap/held", () => as("carol", "PATCH", path, { metadata: { finalizers: null } }));
  });
  it("in the foreground: who deleted it, not the garbage collector", async () => {
    await authorOf("Deployment/fore", () => as("alice", "POST", pathOf(deployments), deployment("fore")));
    await sleep(300);
    const foreground = { propagationPolicy: "Foreground" };
    await assertAuthor("bob", "Deployment/fore", () => as("bob", "DELETE", pathOf(deployments, "fore"), foreground));
  });
  it("of a whole collection", async () => {
    for (const name of ["one", "two"]) {
      const metadata = { name, labels: { batch: "yes" } };
      await authorOf(`ConfigMap/${name}`, () => as("alice", "POST", pathOf(configMaps), { metadata }));
    }
    await as("carol", "DELETE", `${pathOf(configMaps)}?labelSelector=batch=yes`);
    for (const name of ["one", "two"]) {
      const isDelete = ({ change }: { readonly change: { readonly type: string } }): boolean =>
        change.type === "Delete";
      const gone = await eventually(name, () => setup.attributed(`ConfigMap/${name}`).find(isDelete));
      assert.equal(nameOf(gone.author), "carol");
    }
  });
});

/** 40 rounds of alice and bob writing at the same moment, each under its own field manager. */
async function storm(name: string, value: (user: string, round: number) => string): Promise<void> {
  for (let round = 1; round <= 40; round++) {
    await Promise.all(
      ["alice", "bob"].map((user) =>
        as(user, "PATCH", `${pathOf(configMaps, name)}?fieldManager=${user}`, { data: { by: value(user, round) } }),
      ),
    );
  }
  await sleep(200);
}

/** Whose field manager owns `data.by`: who changed it last. */
function ownerOf(object: JsonObject): Json | undefined {
  const managed = (object["metadata"] as JsonObject)["managedFields"] as readonly JsonObject[];
  return managed.find(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? {}).includes("f:by"))?.["manager"];
}

describe("nobody is named wrongly", () => {
  it("when two write different values at once", async () => {
    await authorOf("ConfigMap/contended", configMap("contended", { by: "alice 0" }));
    await storm("contended", (user, round) => `${user} ${round}`);
    const noted = setup.attributed("ConfigMap/contended");
    assert.ok(noted.length >= 80, String(noted.length));
    for (const { change, author } of noted) {
      const { by } = change.object["data"] as { readonly by: string };
      assert.equal(nameOf(author), by.split(" ")[0]);
    }
  });
  it("when two write the same value at once: the one who did, or none and both as candidates", async () => {
    await authorOf("ConfigMap/same", configMap("same", { by: "start" }));
    await storm("same", (_user, round) => `round ${round}`);
    const noted = setup.attributed("ConfigMap/same").slice(1);
    assert.ok(noted.length >= 40, String(noted.length));
    for (const { change, author } of noted) {
      if ("person" in author) assert.equal(author.person, ownerOf(change.object));
      else assert.deepEqual("candidates" in author && author.candidates, ["alice", "bob"]);
    }
  });
  it("by requests that change nothing, and by dry runs", async () => {
    const path = pathOf(configMaps, "quiet");
    await authorOf("ConfigMap/quiet", configMap("quiet"));
    await as("bob", "PATCH", path, { data: { a: "1" } });
    const held = setup.facts.size;
    await as("bob", "PATCH", `${path}?dryRun=All`, { data: { a: "2" } });
    assert.equal(setup.facts.size, held);
    await assertAuthor("carol", "ConfigMap/quiet", () => as("carol", "PATCH", path, { data: { a: "2" } }));
  });
  it("by who posts to the webhook: a guess names nobody, a copy of a true review spoils it at most", async () => {
    const path = pathOf(configMaps, "forged");
    const { forge, pathKey } = setup;
    await authorOf("ConfigMap/forged", configMap("forged"));
    const first = await as("alice", "GET", path);
    assert.equal(await forge("/admission", first.body, { a: "2" }), 404, "without the key of the path");
    assert.equal(await forge(`/admission/${pathKey}`, first.body, { a: "3" }), 200);
    await assertAuthor("bob", "ConfigMap/forged", () => as("bob", "PATCH", path, { data: { a: "2" } }));
    const second = await as("alice", "GET", path);
    assert.equal(await forge(`/admission/${pathKey}`, second.body, { a: "4" }), 200);
    const author = await authorOf("ConfigMap/forged", () => as("bob", "PATCH", path, { data: { a: "4" } }));
    assert.deepEqual("candidates" in author && author.candidates, ["bob", "ceo"]);
  });
});

describe("the registration and its probe", () => {
  it("is the same when it is applied twice", async () => {
    const first = await setup.register();
    const second = await setup.register();
    assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  });
  it("tells an untrusted certificate, a closed port, and that all is well again", async () => {
    const { port, pathKey, certificate, register, probeUntil } = setup;
    const stranger = await createServingCertificate(["127.0.0.1"], Date.now());
    const url = `https://127.0.0.1:${port}${admissionPathOf(pathKey)}`;
    await register({ client: { url, caBundle: stranger.ca } });
    const untrusted = await probeUntil(({ reached }) => !reached);
    assert.match(untrusted.cause, /TLS handshake/);
    await register({ client: { url: "https://127.0.0.1:1/admission", caBundle: certificate.ca } });
    await probeUntil(({ cause }) => cause.includes("without asking the webhook"));
    await register();
    await probeUntil(({ reached }) => reached);
  });
  it("does not ask about what the operator itself writes, nor controllers, nor other namespaces", async () => {
    const reviews = async (): Promise<string> =>
      (await setup.metrics.render()).text
        .split("\n")
        .filter((line) => line.startsWith("clickscribe_admission_reviews_total"))
        .join("\n");
    await setup.register({ operatorUser: "carol" });
    const own = (): Promise<unknown> => as("carol", "POST", pathOf(configMaps), { metadata: { generateName: "own-" } });
    await eventually("the registration", async () => {
      const before = await reviews();
      await own();
      return (await reviews()) === before ? true : undefined;
    });
    const before = await reviews();
    await as("alice", "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "elsewhere" } });
    const controller = ["--as=system:serviceaccount:kube-system:replicaset-controller", "--as-group=system:masters"];
    const args = ["-n", namespace, "create", "configmap", "made", ...controller];
    await assertUnreviewed("ConfigMap/made", () => setup.controlPlane.kubectl(args));
    assert.equal(await reviews(), before);
    await setup.register();
  });
});

async function assertUnreviewed(object: string, act: () => Promise<unknown>): Promise<void> {
  const author = await authorOf(object, act);
  assert.deepEqual(author, { rung: "None", candidates: [], evidence: "no review of it arrived" });
}
