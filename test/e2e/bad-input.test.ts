/** What a real API server can hold and manifests can hardly: each such object is written whole or told, and the others go on. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { definitionOf } from "../fixtures/definition.ts";
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
    await world.plane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.example.com"]);
    await world.startOperator();
    place = await world.place("hard");
  });
  after(() => world?.stop());

  it("keeps numbers that a double cannot carry, and keys that JavaScript knows", async () => {
    await widget(
      "odd",
      '{"__proto__":{"a":1},"constructor":"x","hasOwnProperty":false,"max":9223372036854775807,"min":-9223372036854775808,"past":9007199254740993,"float":1.5,"large":1e21}',
    );
    const text = await file("widget.example.com-odd");
    for (const line of ["__proto__:\n    a: 1", "constructor: x", "hasOwnProperty: false", "max: 9223372036854775807"])
      assert.ok(text.includes(`  ${line}\n`), `${line} in ${text}`);
    for (const line of ["min: -9223372036854775808", "past: 9007199254740993", "float: 1.5", "large: 1.0e+21"])
      assert.ok(text.includes(`  ${line}\n`), `${line} in ${text}`);
  });

  it("writes what is large, and tells what is too deep, by an Event to who made it", async () => {
    await widget("large", JSON.stringify({ text: "x".repeat(1_400_000) }));
    await widget("deep", `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`);
    assert.ok((await file("widget.example.com-large")).length > 1_400_000);
    const [event] = await waitFor("an Event", async () => {
      const found = await place.events("Skipped", "deep");
      return found.length > 0 ? found : undefined;
    });
    assert.match(event.note ?? event.message, /TooLarge \(nested deeper than \d+ levels\)/);
    await waitFor("its count", async () => ((await place.capture()).status.skipped.TooLarge === 1 ? true : undefined));
  });

  it("goes on with the others", async () => {
    await place.create("bob", configMap("after", { x: "1" }));
    await file("configmap-after");
    const commits = await place.commits();
    assert.deepEqual([commits.at(-1)?.author.name, (await place.ready()).reason], ["bob", "Succeeded"]);
    assert.ok(!world.operator.logs.some(({ msg }) => msg === "a delivery did not come through: it is tried again"));
  });
});
