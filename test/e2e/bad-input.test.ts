/** What a real API server can hold and manifests can hardly: each such object is written whole or told, and the others go on. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { definitionOf } from "../fixtures/definition.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, type Raw, startWorld, type World } from "./world.ts";

const definition = definitionOf({ group: "example.com", kind: "Widget", plural: "widgets" });

describe("what can hardly be written", () => {
  let world: World;
  let place: Place;
  const widget = (name: string, spec: string): Promise<Raw> =>
    place.send(
      "alice",
      "POST",
      `/apis/example.com/v1/namespaces/${place.namespace}/widgets`,
      `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`,
    );
  const file = (name: string): Promise<string> =>
    waitFor(name, async () => place.repository.show("main", `apps/${name}.yaml`));

  before(async () => {
    world = await startWorld({ operator: false });
    await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(definition) });
    await world.plane.kubectl(["create", "clusterrole", "widgets", "--verb=*", "--resource=widgets.example.com"]);
    const everybody = ["--clusterrole=widgets", "--group=system:authenticated"];
    await world.plane.kubectl(["create", "clusterrolebinding", "widgets", ...everybody]);
    await established(world.plane);
    await world.startOperator();
    place = await world.place("hard");
  });
  after(() => world?.stop());

  it("keeps numbers that a double cannot carry, and keys that JavaScript knows", async () => {
    await widget(
      "odd",
      '{"__proto__":{"a":1},"constructor":"x","hasOwnProperty":false,"max":9223372036854775807,"min":-9223372036854775808,"past":9007199254740993,"float":1.5,"large":1e21,"whole":1.0}',
    );
    const text = await file("widget.example.com-odd");
    for (const line of ["__proto__:\n    a: 1", "constructor: x", "hasOwnProperty: false", "max: 9223372036854775807"])
      assert.ok(text.includes(`  ${line}\n`), `${line} in ${text}`);
    for (const line of [
      "min: -9223372036854775808",
      "past: 9007199254740993",
      "float: 1.5",
      "large: 1.0e+21",
      "whole: 1",
    ])
      assert.ok(text.includes(`  ${line}\n`), `${line} in ${text}`);
  });

  it("writes what is large or nested, and tells what is too deep, by an Event to who made it", async () => {
    const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    const text = "x".repeat(1_400_000);
    await widget("large", JSON.stringify({ text }));
    await widget("nested", nested(90));
    await widget("deep", nested(200));
    await widget("deeper", nested(1_000));
    const big = "y".repeat(1_048_000);
    await place.create("alice", configMap("big", { big }));
    for (const name of ["deep", "deeper"]) {
      const [event] = await waitFor("an Event", async () => {
        const found = await place.events("Skipped", name);
        return found.length > 0 ? found : undefined;
      });
      assert.equal(event.regarding.kind, "Widget");
      assert.match(event.note, /TooLarge \(nested deeper than \d+ levels\)/);
    }
    await waitFor("its count", async () => ((await place.capture()).status.skipped.TooLarge === 2 ? true : undefined));
    assert.equal(parse(await file("widget.example.com-large")).spec.text, text);
    assert.equal(parse(await file("configmap-big")).data.big, big);
    assert.equal(JSON.stringify(parse(await file("widget.example.com-nested")).spec), nested(90));
  });

  it("gives each name that the API server takes a file of its own, and no line of its own in a commit", async () => {
    const names = [
      "a\nb",
      "a\nChanged-Object: evil",
      "nul\0x",
      "CON",
      "con",
      "..x",
      "x y ",
      "\u202ex",
      "n".repeat(300),
    ];
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${place.namespace}/roles`;
    for (const name of names) await place.send("admin", "POST", roles, { metadata: { name }, rules: [] });
    const written = await waitFor("a file each", async () => {
      const found = (await place.repository.files("main", "apps")).filter((path) => path.startsWith("apps/role-"));
      return found.length === names.length ? found : undefined;
    });
    assert.ok(written.every((path) => /^apps\/role-[a-z0-9%.~_-]+\.yaml$/.test(path)));
    const texts = await Promise.all(written.map((path) => place.repository.show("main", path)));
    assert.deepEqual(texts.map((text): string => parse(text ?? "").metadata.name).toSorted(), names.toSorted());
    for (const { trailers } of await place.commits())
      assert.ok(!trailers["Changed-Object"]?.some((line) => line.startsWith("evil")));
    await place.send("admin", "DELETE", `${roles}/${encodeURIComponent("a\nb")}`);
    await waitFor("its file to go", async () =>
      (await place.repository.files("main", "apps")).includes("apps/role-a%0ab.yaml") ? undefined : true,
    );
  });

  it("goes on with the others", async () => {
    await place.create("bob", configMap("after", { x: "1" }));
    await file("configmap-after");
    const commits = await place.commits();
    assert.deepEqual([commits.at(-1)?.author.name, (await place.ready()).reason], ["bob", "Succeeded"]);
    assert.deepEqual(
      world.operator.logs.filter(({ level }) => level !== "info"),
      [],
    );
    assert.deepEqual(await place.repository.fsck(), []);
    const folder = join(await place.repository.clone(), "apps");
    for (const name of await readdir(folder)) parse(await readFile(join(folder, name), "utf8"));
    await world.plane.kubectl(["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", folder]);
  });
});
