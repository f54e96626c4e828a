import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Discovery } from "../../ports.ts";
import type { Kind } from "../../values.ts";
import { nameObject } from "./name-object.ts";

const kind = (group: string, name: string, resource: string): Kind => ({
  group,
  version: "v1",
  kind: name,
  resource,
  namespaced: true,
  verbs: ["get", "list", "watch"],
  subresources: [],
});
const discovery: Discovery = {
  kinds: [
    kind("", "Event", "events"),
    kind("apps", "Deployment", "deployments"),
    kind("networking.k8s.io", "Ingress", "ingresses"),
    kind("config.example.com", "Ingress", "ingresses"),
    kind("events.k8s.io", "Event", "events"),
  ],
  unavailable: [],
  aliases: new Map([
    ["apps/Deployment", ["deployment", "deploy"]],
    ["networking.k8s.io/Ingress", ["ingress", "ing"]],
  ]),
};
const named = (...words: readonly string[]): string => {
  const found = nameObject(words, discovery);
  return found.ok ? `${found.kind.resource}.${found.kind.group}/${found.name}` : found.problem;
};

describe("an object that people name", () => {
  it("is found by plural, singular, short name and kind, in one word or two", () => {
    const web = "deployments.apps/web";
    for (const word of ["deployments", "deployment", "deploy", "Deployment", "deployments.apps", "deploy.v1.apps"]) {
      assert.equal(named(`${word}/web`), web);
      assert.equal(named(word, "web"), web);
    }
  });
  it("is of the first group that serves it, or of the one named, in full or by its beginning", () => {
    assert.equal(named("ingresses/web"), "ingresses.networking.k8s.io/web");
    assert.equal(named("ingresses.config.example.com/web"), "ingresses.config.example.com/web");
    assert.equal(named("ing.networking/web"), "ingresses.networking.k8s.io/web");
    assert.equal(named("events.v1/x"), "events./x");
    assert.equal(named("events.events.k8s.io/x"), "events.events.k8s.io/x");
  });
  it("is told of where it cannot be", () => {
    for (const words of [[], ["deployment"], ["deployment/"], ["a/b/c"], ["deploy/web", "web"], ["a", "b", "c"]]) {
      assert.match(named(...words), /^name one object/);
    }
    assert.equal(named("deplyoment/web"), "the API server serves no kind deplyoment: did you mean deployment?");
    assert.match(named("deployments.extensions/web"), /but it does serve deployments\.apps$/);
    assert.match(named("xyzzy/web"), /kubectl api-resources/);
  });
});
