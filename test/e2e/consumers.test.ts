/** Setting up those who apply what a Capture writes, and finding those that would fight, from the command line. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { application, gitopsDefinitions } from "../fixtures/gitops.ts";
import { clickscribe, type Ran } from "../harness/command-line.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, type Raw, startWorld, type World } from "./world.ts";

describe("those who apply a Capture's path", { timeout: 180_000 }, () => {
  let world: World;
  let place: Place;
  const apply = async (...items: readonly object[]): Promise<void> => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await world.plane.kubectl(["apply", "--server-side", "-f", "-"], { input });
  };
  const run = (words: string): Promise<Ran> => clickscribe(world.plane, words.split(" "));
  before(async () => {
    world = await startWorld({ operator: false });
    await apply(...gitopsDefinitions);
    await established(world.plane);
    await world.startOperator();
    for (const name of ["argocd", "flux-system"]) await world.plane.kubectl(["create", "namespace", name]);
    place = await world.place("shop", { objects: [configMap("web", { x: "1" })] });
  });
  after(() => world.stop());
  const seen = async (name: string): Promise<Raw> =>
    await waitFor(`${name} to be seen`, async () =>
      ((await place.capture()).status.consumers ?? []).find((consumer: Raw) => consumer.name === name),
    );

  it("are printed for Argo CD and for Flux, and what is printed is applied, found, and well", async () => {
    for (const [tool, name] of [
      ["argocd", "by-argo"],
      ["flux", "by-flux"],
    ] as const) {
      const { code, out, err } = await run(`create consumer ${name} --${tool} --capture all -n shop --export`);
      assert.deepEqual([code, err], [0, ""]);
      await world.plane.kubectl(["apply", "-f", "-"], { input: out });
      const { path, prune, warnings = [] } = await seen(name);
      assert.deepEqual([path, prune], ["apps", true]);
      assert.deepEqual(
        warnings.filter(({ reason }: Raw) => reason !== "SeveralConsumers"),
        [],
      );
    }
    const { out } = await run("status all -n shop");
    assert.match(out, /^Applied by:\n {2}Application argocd\/by-argo {2}apps at nothing of it yet, /m);
    assert.match(out, /SeveralConsumers {2}Kustomization flux-system\/by-flux applies the same\s+path/);
    await world.plane.kubectl(["delete", "kustomization", "by-flux", "-n", "flux-system"]);
  });

  it("are applied with the rights of whoever asks for it", async () => {
    const made = await run("create consumer all --argocd -n shop");
    assert.deepEqual([made.code, made.out, made.err], [0, "Application all: applied\n", ""]);
    const { code, err } = await clickscribe(world.plane, ["create", "consumer", "all", "--argocd", "-n", "shop"], {
      user: "alice",
    });
    assert.equal(code, 1);
    assert.match(err, /^clickscribe: [^\n]*(?:forbidden|may not)[^\n]*\n$/i);
    await world.plane.kubectl(["delete", "application", "all", "-n", "argocd"]);
  });

  it("are refused in a line where the Capture is none, or nobody is to apply", async () => {
    const none = await run("create consumer nothing --argocd -n shop --export");
    assert.equal(none.code, 1);
    assert.match(none.err, /^clickscribe: there is no Capture nothing in shop: [^\n]+\n$/);
    const both = await run("create consumer all --argocd --flux -n shop --export");
    assert.deepEqual(
      [both.code, both.err],
      [2, "clickscribe: one of --argocd and --flux is required: who is to apply the path\n"],
    );
  });

  it("that would fight are found by check, with the field to change", async () => {
    const flat = application({ name: "flat", namespace: "argocd", url: place.repository.url, path: "." }) as Raw;
    flat.spec.source.directory = {};
    flat.spec.syncPolicy = { syncOptions: ["Replace=true"] };
    await apply(flat);
    const { out } = await run("check -n shop --allow-plain-http --allow-local-addresses -o json");
    const items: readonly Raw[] = JSON.parse(out).items;
    const of = (name: string): Raw => items.find((item) => item["name"] === name);
    assert.equal(
      of("consumer-notrecursive").remedy,
      "Set spec.source.directory.recurse of Application argocd/flat to true.",
    );
    assert.equal(
      of("consumer-replaces").remedy,
      "Take that out of spec.syncPolicy.syncOptions of Application argocd/flat.",
    );
    assert.match(
      of("consumer").message,
      /^Application argocd\/by-argo applies apps: it syncs by itself, heals itself and prunes$/,
    );
  });
});
