import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toManifest } from "../manifest/to-manifest.ts";
import type { JsonObject } from "../values.ts";
import { createKindSchemas, mergeSchemas } from "./kind-schemas.ts";

const gadget = { group: "example.com", version: "v1", kind: "Gadget" };
const manifest = toManifest({ apiVersion: "example.com/v1", kind: "Gadget", metadata: { name: "a" } });

/** What an API server publishes; `version` undefined: nothing, "down": it does not answer. */
function serve(): { version: string | undefined; reads: number; schemas: ReturnType<typeof createKindSchemas> } {
  const root: JsonObject = { "x-kubernetes-group-version-kind": [gadget], properties: { spec: { type: "object" } } };
  const document: JsonObject = { components: { schemas: { Gadget: root } } };
  const openApi: Parameters<typeof createKindSchemas>[0]["openApi"] = async () => {
    const { version } = server;
    if (version === "down") throw new Error("down");
    await Promise.resolve();
    const read = (): Promise<JsonObject> => {
      server.reads++;
      return Promise.resolve(document);
    };
    return version === undefined ? undefined : { version, read };
  };
  const server = { version: "1" as string | undefined, reads: 0, schemas: createKindSchemas({ openApi }) };
  return server;
}

describe("createKindSchemas", () => {
  it("reads a document once for all who ask, and again when it changed", async () => {
    const server = serve();
    const first = await server.schemas.now(gadget);
    assert.equal(await mergeSchemas(server.schemas)(manifest), first.schema);
    assert.equal(await server.schemas.now(gadget), first);
    assert.equal(server.reads, 1);
    server.version = "2";
    assert.notEqual(await server.schemas.now(gadget), first);
    assert.equal(server.reads, 2);
  });

  it("tells of no schema where none is published", async () => {
    const server = serve();
    server.version = undefined;
    assert.deepEqual(await server.schemas.now(gadget), { schema: undefined, version: "" });
    assert.equal(await mergeSchemas(server.schemas)(manifest), undefined);
  });
});

describe("mergeSchemas", () => {
  it("keeps to what was read last while there is nothing to be read", async () => {
    const server = serve();
    const schemaOf = mergeSchemas(server.schemas);
    const schema = await schemaOf(manifest);
    assert.ok(schema);
    for (const version of ["down", undefined]) {
      server.version = version;
      assert.equal(await schemaOf(manifest), schema);
    }
  });

  it("fails where a kind was never read", async () => {
    const server = serve();
    server.version = "down";
    await assert.rejects(mergeSchemas(server.schemas)(manifest));
  });
});
