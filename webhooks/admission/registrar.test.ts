import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRegistrar, type RegisteredScope } from "./registrar.ts";

describe("createRegistrar", () => {
  it("writes the last scope anew, and one after the other", async () => {
    const written: string[] = [];
    let writing = 0;
    const registrar = createRegistrar(async ({ namespaces }: RegisteredScope) => {
      assert.equal(++writing, 1);
      await new Promise((resolve) => setImmediate(resolve));
      written.push(namespaces.join(","));
      writing--;
    });
    await registrar.register([], ["shop"]);
    const before = registrar.again();
    await Promise.all([before, registrar.register([], ["shop", "web"])]);
    await registrar.again();
    assert.equal(written[0], "shop");
    assert.deepEqual(written.slice(-2), ["shop,web", "shop,web"]);
  });

  it("writes nothing before it was asked to register", async () => {
    let writes = 0;
    const registrar = createRegistrar(async () => void writes++);
    await registrar.again();
    assert.deepEqual([writes, registrar.isUsed], [0, false]);
    await registrar.register([], []);
    assert.deepEqual([writes, registrar.isUsed], [1, true]);
  });

  it("goes on after a write that failed", async () => {
    let fail = true;
    const registrar = createRegistrar(() => (fail ? Promise.reject(new Error("no")) : Promise.resolve()));
    await assert.rejects(registrar.register([], ["shop"]), /no/);
    fail = false;
    await registrar.again();
  });
});
