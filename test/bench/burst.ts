/** 2,000 creates over 20 connections; the floor is the same burst with a webhook that only answers. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority } from "../control-plane/certificates.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Bench } from "./report.ts";
import { benchCase } from "./report.ts";
import { configMap, epoch, must, sendAll, startWorld } from "./world.ts";

const connections = 20;

export const burst: Bench = async ({ progress, quick }) => {
  const count = quick ? 200 : 2_000;
  progress(`${count} creates with a webhook that only answers`);
  const floor = await burstWithAnsweringWebhook(count, progress);

  await using world = await startWorld(progress);
  const captured = await world.capture("burst", 10);
  progress(`${count} creates with the operator`);
  const began = epoch();
  const answered = await sendAll(world.plane, connections, creates("burst", count));
  const last = Math.max(...answered);
  progress("waiting for all on the branch");
  await waitFor(`${count} files on the branch`, async () => {
    const { length } = await captured.repository.files("main", "captured");
    return length >= count ? true : undefined;
  });
  const landed = captured.received.at(-1)?.at ?? Number.NaN;
  const commits = (await captured.repository.log("main")).length - 1;
  const note = `${commits} commits; ${((landed - last) / 1000).toFixed(2)} s after the last create`;
  return [
    benchCase("burst", "until the last create", (last - began) / 1000, floor, "s", "webhook that only answers"),
    benchCase("burst", "until all are on the branch", (landed - began) / 1000, floor, "s", note),
  ];
};

function creates(namespace: string, count: number): readonly { method: "POST"; path: string; body: object }[] {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  return Array.from({ length: count }, (_, i) => ({ method: "POST" as const, path, body: configMap(`burst-${i}`) }));
}

async function burstWithAnsweringWebhook(count: number, progress: (line: string) => void): Promise<number> {
  await using plane = await startControlPlane({ progress });
  await using stack = new AsyncDisposableStack();
  const authority = await createAuthority();
  const server = await answeringWebhook(plane, authority);
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: "burst" } });
  await sendAll(plane, connections, [
    { method: "POST", path: "/api/v1/namespaces/burst/configmaps", body: configMap("first") },
  ]);
  const began = epoch();
  const answered = await sendAll(plane, connections, creates("burst", count));
  return (Math.max(...answered) - began) / 1000;
}

async function answeringWebhook(
  plane: ControlPlane,
  authority: Awaited<ReturnType<typeof createAuthority>>,
): Promise<ReturnType<typeof createServer>> {
  const { key, certificate } = await authority.issueServer([], ["127.0.0.1"]);
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { request: { uid: string } };
      const answer = { uid: review.request.uid, allowed: true };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await must(plane, "POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
    metadata: { name: "floor" },
    webhooks: [
      {
        name: "floor.clickscribe.dev",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 2,
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString("base64"),
        },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
      },
    ],
  });
  return server;
}
