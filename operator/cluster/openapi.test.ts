import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerJson, answerStatus, type Script, startScriptedServer } from "../../test/fakes/api-server.ts";
import { createFakeClock } from "../../test/fakes/clock.ts";
import type { Json } from "../values.ts";
import { createKubeHttp } from "./kube-http.ts";
import { createOpenApiReader, type OpenApiReader } from "./openapi.ts";

interface Served {
  readonly openApi: OpenApiReader;
  readonly paths: () => readonly string[];
  readonly clock: ReturnType<typeof createFakeClock>;
}

async function served(script: Script, test: (given: Served) => Promise<void>): Promise<void> {
  const server = await startScriptedServer(script);
  const clock = createFakeClock();
  const parseJson = (text: string): Json => JSON.parse(text) as Json;
  const http = createKubeHttp({ connection: server.connection, parseJson, clock, timeoutMs: 5_000 });
  try {
    await test({
      openApi: createOpenApiReader(http, clock),
      paths: () => server.requests.map(({ path }) => path),
      clock,
    });
  } finally {
    await http.close();
    await server.close();
  }
}

const apps = { group: "apps", version: "v1" };
const index = (hash: string): object => ({
  paths: {
    "api/v1": { serverRelativeURL: `/openapi/v3/api/v1?hash=${hash}` },
    "apis/apps/v1": { serverRelativeURL: `/openapi/v3/apis/apps/v1?hash=${hash}` },
  },
});

describe("the OpenAPI documents of an API server", () => {
  it("are read by group and version, at once for all who ask, and named anew when they change", async () => {
    let hash = "A";
    const script: Script = ({ path }, response) => {
      answerJson(response, 200, path === "/openapi/v3" ? index(hash) : { of: path });
    };
    await served(script, async ({ openApi, paths, clock }) => {
      const [one, two, core] = await Promise.all([openApi(apps), openApi(apps), openApi({ group: "", version: "v1" })]);
      assert.ok(one && two && core);
      assert.deepEqual(await Promise.all([one.read(), two.read(), core.read()]), [
        { of: "/openapi/v3/apis/apps/v1" },
        { of: "/openapi/v3/apis/apps/v1" },
        { of: "/openapi/v3/api/v1" },
      ]);
      assert.equal(paths().length, 3);
      hash = "B";
      assert.equal((await openApi(apps))?.version, one.version);
      await clock.advance(10_000);
      assert.notEqual((await openApi(apps))?.version, one.version);
      await one.read();
      assert.equal(paths().length, 5);
    });
  });

  it("are none where a group is not listed, or a server has no such index", async () => {
    const script: Script = (_, response) => answerJson(response, 200, { paths: { "apis/apps/v1": null } });
    await served(script, async ({ openApi }) => {
      assert.equal(await openApi(apps), undefined);
      assert.equal(await openApi({ group: "example.com", version: "v1" }), undefined);
    });
    await served(
      (_, response) => answerStatus(response, 404, "NotFound"),
      async ({ openApi }) => assert.equal(await openApi(apps), undefined),
    );
  });

  it("are asked for again after a failure", async () => {
    let ok = false;
    const script: Script = ({ path }, response) => {
      if (!ok) answerStatus(response, 503, "ServiceUnavailable");
      else answerJson(response, 200, path === "/openapi/v3" ? index("A") : { of: path });
    };
    await served(script, async ({ openApi }) => {
      await assert.rejects(openApi(apps));
      ok = true;
      const document = await openApi(apps);
      ok = false;
      await assert.rejects(async () => document?.read());
      ok = true;
      assert.deepEqual(await document?.read(), { of: "/openapi/v3/apis/apps/v1" });
    });
  });
});
