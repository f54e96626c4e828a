/** The floor of what a webhook costs: one that only answers, for every write of a ConfigMap. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority } from "../control-plane/certificates.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { must } from "./world.ts";

export async function startAnsweringWebhook(plane: ControlPlane): Promise<AsyncDisposable> {
  const authority = await createAuthority();
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
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
