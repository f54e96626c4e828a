import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expand, planPod } from "./plan.ts";
import type { Container, Image, Pod, PodSpec } from "./pod.ts";
import { backOffMs } from "./status.ts";

const image: Image = {
  rootfs: "/image",
  config: { Entrypoint: ["/bin/it"], Cmd: ["run"], Env: ["A=image", "B=x=y"], User: "65532:65532", WorkingDir: "/app" },
};

function plan(container: Partial<Container> = {}, spec: Partial<PodSpec> = {}): ReturnType<typeof planPod> {
  const containers = [{ name: "it", image: "it:1", ...container }];
  const pod: Pod = { metadata: { name: "it-1", namespace: "here", uid: "u" }, spec: { ...spec, containers } };
  return planPod(pod, { image, podIP: "198.18.0.10", apiserver: { address: "10.0.0.1", port: 443 } });
}

describe("the plan of a Pod", () => {
  it("takes from the image what the container leaves out", () => {
    const { argv, user, workdir, readOnly, graceSeconds, env } = plan();
    assert.deepEqual(
      { argv, user, workdir, readOnly, graceSeconds },
      {
        ...{ argv: ["/bin/it", "run"], user: 65532, workdir: "/app", readOnly: false, graceSeconds: 30 },
      },
    );
    assert.equal(env["B"], "x=y");
    assert.equal(env["HOSTNAME"], "it-1");
  });

  it("leaves the image's arguments out beside a command of the container's own, and its own arguments in", () => {
    assert.deepEqual(plan({ args: ["get"] }).argv, ["/bin/it", "get"]);
    assert.deepEqual(plan({ command: ["/bin/other"] }).argv, ["/bin/other"]);
    assert.deepEqual(plan({ command: ["/bin/other"], args: ["x"] }).argv, ["/bin/other", "x"]);
  });

  it("puts variables of the Pod into variables and arguments", () => {
    const env = [
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "URL", value: "https://$(POD_IP):$(PORT)" },
      { name: "A", value: "pod" },
    ];
    const planned = plan({ env, args: ["--address=$(POD_IP)", "$$(POD_IP)", "$(A)", "$(B)"] });
    assert.equal(planned.env["URL"], "https://198.18.0.10:$(PORT)");
    assert.equal(planned.env["A"], "pod");
    assert.deepEqual(planned.argv.slice(1), ["--address=198.18.0.10", "$(POD_IP)", "pod", "$(B)"]);
    assert.equal(expand("$$ $(", {}), "$ $(");
  });

  it("runs nothing as root that must not be root", () => {
    const security = { runAsNonRoot: true, runAsUser: 0 };
    assert.throws(() => plan({ securityContext: security }), /runAsNonRoot and image will run as root/);
    assert.equal(plan({}, { securityContext: { runAsUser: 7 } }).user, 7);
  });

  it("refuses what it does not do, with the field's name", () => {
    const refused: readonly (readonly [RegExp, Partial<Container>, Partial<PodSpec>])[] = [
      [/initContainers/, {}, { initContainers: [{}] }],
      [/hostNetwork/, {}, { hostNetwork: true }],
      [/volumes data: persistentVolumeClaim/, {}, { volumes: [{ name: "data", ...{ persistentVolumeClaim: {} } }] }],
      [/envFrom/, { envFrom: [{}] }, {}],
      [/env X: valueFrom other than fieldRef/, { env: [{ name: "X", valueFrom: { secretKeyRef: {} } }] }, {}],
      [/volumeMounts v: subPath/, { volumeMounts: [{ name: "v", mountPath: "/v", subPath: "s" }] }, {}],
      [/privileged/, { securityContext: { privileged: true } }, {}],
      [/capabilities.add/, { securityContext: { capabilities: { add: ["NET_ADMIN"] } } }, {}],
      [/livenessProbe but httpGet/, { livenessProbe: { exec: {} } }, {}],
      [/preStop but sleep/, { lifecycle: { preStop: {} } }, {}],
      [/fsGroup 1 beside user 65532/, {}, { securityContext: { fsGroup: 1 } }],
      [/runAsGroup 1 beside user 65532/, {}, { securityContext: { runAsGroup: 1 } }],
      [/looked up in PATH \(it\)/, { command: ["it"] }, {}],
    ];
    for (const [message, container, spec] of refused) assert.throws(() => plan(container, spec), message);
  });
});

describe("the back-off", () => {
  it("is none at first, then 10 s, doubled up to 5 min", () => {
    assert.deepEqual([0, 1, 2, 3, 9].map(backOffMs), [0, 10_000, 20_000, 40_000, 300_000]);
  });
});
