import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock } from "../../test/fakes/clock.ts";
import { retry } from "../failures.ts";
import type { AccessQuestion } from "../ports.ts";
import type { JsonObject } from "../values.ts";
import { createAccessReviewer } from "./access.ts";
import type { KubeHttp, KubeRequest } from "./kube-http.ts";

const question: AccessQuestion = {
  user: "system:serviceaccount:shop:writer",
  verb: "list",
  group: "apps",
  resource: "deployments",
  namespace: "shop",
  name: undefined,
};

function fakeHttp(answer: (request: KubeRequest) => JsonObject): KubeHttp & { readonly asked: KubeRequest[] } {
  const asked: KubeRequest[] = [];
  return {
    asked,
    server: "https://k",
    json(request) {
      asked.push(request);
      return Promise.resolve().then(() => answer(request));
    },
    dated: () => assert.fail(),
    find: () => assert.fail(),
    stream: () => assert.fail(),
    close: () => Promise.resolve(),
  };
}

describe("createAccessReviewer", () => {
  it("asks for a ServiceAccount with the groups that it has, and for itself without any", async () => {
    const http = fakeHttp(() => ({ status: { allowed: true } }));
    const allowed = createAccessReviewer(http, createFakeClock());
    assert.equal(await allowed(question), true);
    assert.equal(await allowed({ ...question, user: undefined, name: "web" }), true);
    const [first, second] = http.asked.map(({ path, body }) => ({ path, ...JSON.parse(body ?? "") }));
    assert.deepEqual(first, {
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "system:serviceaccount:shop:writer",
        groups: ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        resourceAttributes: { verb: "list", group: "apps", resource: "deployments", namespace: "shop" },
      },
    });
    assert.deepEqual(second, {
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {
        resourceAttributes: { verb: "list", group: "apps", resource: "deployments", namespace: "shop", name: "web" },
      },
    });
  });
  it("is denied unless the answer says allowed", async () => {
    for (const answer of [{}, { status: {} }, { status: { allowed: false } }, { status: { allowed: "true" } }]) {
      assert.equal(
        await createAccessReviewer(
          fakeHttp(() => answer),
          createFakeClock(),
        )(question),
        false,
      );
    }
  });
  it("remembers an answer for half a minute, and asks again after a failure", async () => {
    let allowedNow = true;
    let fails = false;
    const http = fakeHttp(() => {
      if (fails) throw retry("ClusterUnreachable", "away");
      return { status: { allowed: allowedNow } };
    });
    const clock = createFakeClock();
    const allowed = createAccessReviewer(http, clock);
    assert.deepEqual(await Promise.all([allowed(question), allowed({ ...question })]), [true, true]);
    assert.equal(http.asked.length, 1);
    allowedNow = false;
    await clock.advance(29_000);
    assert.equal(await allowed(question), true);
    await clock.advance(2_000);
    assert.equal(await allowed(question), false);
    await clock.advance(31_000);
    fails = true;
    await assert.rejects(allowed(question), /away/);
    fails = false;
    allowedNow = true;
    assert.equal(await allowed(question), true);
  });
});
