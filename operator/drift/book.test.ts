import assert from "node:assert/strict";
import { it } from "node:test";
import { identityKey } from "../manifest/identity.ts";
import { emptyBook, lookForDrift } from "./book.ts";

it("two Captures that have one object drift at one moment have an episode each: a press names one of them", () => {
  const identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "app" };
  const fact = {
    identity,
    sort: "FirstContact",
    by: undefined,
    tool: undefined,
    live: "",
    file: "",
    since: 1,
  } as const;
  const idOf = (capture: string): string | undefined =>
    lookForDrift(emptyBook, {
      ...{ capture, facts: new Map([[identityKey(identity), fact]]), waiting: new Map(), afterMs: 0, now: 1 },
    }).opened[0]?.id;
  assert.equal(idOf("shop/all"), idOf("shop/all"));
  assert.notEqual(idOf("shop/all"), idOf("shop/other"));
});
