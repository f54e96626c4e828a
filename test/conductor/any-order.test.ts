/** Changes seen and unseen, restarts, faults, defaults that nobody put in: in any order, the branch holds in the end what the cluster has. */
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { retry } from "../../operator/failures.ts";
import type { JsonObject } from "../../operator/values.ts";
import { createWorld, mainRef, type Operator, type World } from "./world.ts";

interface Model {
  readonly data: Readonly<Record<string, string>>;
  /** Put in by the API server. */
  readonly hasDefault: boolean;
}

type Step =
  | {
      readonly does: "Change";
      readonly name: string;
      readonly key: string;
      readonly value: string | undefined;
      readonly seen: boolean;
    }
  | { readonly does: "Default" | "Delete"; readonly name: string; readonly seen: boolean }
  | { readonly does: "Stop" | "Kill" | "Start" | "Relist" | "Down" | "Up" | "Refuse" | "Accept" | "LoseAnswer" }
  | { readonly does: "Wait"; readonly ms: number };

const names = ["app", "web"] as const;
const name = fc.constantFrom(...names);
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        does: fc.constant("Change" as const),
        name,
        key: fc.constantFrom("a", "b"),
        value: fc.constantFrom("1", "2", "3", undefined),
        seen: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constantFrom("Default" as const, "Delete" as const), name, seen: fc.boolean() }),
    },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom("Stop", "Kill", "Start", "Relist", "Down", "Up", "Refuse", "Accept", "LoseAnswer")
        .map((does): Step => ({ does })),
    },
    { weight: 4, arbitrary: fc.record({ does: fc.constant("Wait" as const), ms: fc.constantFrom(0, 700, 6_000) }) },
  ),
  { maxLength: 30 },
);

function configMap(of: string, { data, hasDefault }: Model): JsonObject {
  const owned = Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}]));
  const entry = { apiVersion: "v1", operation: "Update", fieldsType: "FieldsV1", fieldsV1: { "f:data": owned } };
  const metadata = { name: of, namespace: "shop", managedFields: [{ manager: "kubectl", ...entry }] };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data, ...(hasDefault && { immutable: false }) };
}

class Play {
  readonly #world: World;
  readonly #models = new Map<string, Model>();
  #operator: Operator | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  async take(step: Step): Promise<void> {
    const { clock, cluster, remote } = this.#world;
    switch (step.does) {
      case "Change": {
        const { data = { a: "0" }, hasDefault = false } = this.#models.get(step.name) ?? {};
        const { [step.key]: _, ...rest } = data;
        this.#put(step, { data: step.value === undefined ? rest : { ...rest, [step.key]: step.value }, hasDefault });
        break;
      }
      case "Default": {
        const model = this.#models.get(step.name);
        if (model !== undefined) this.#put({ ...step, seen: false }, { ...model, hasDefault: true });
        break;
      }
      case "Delete":
        if (!this.#models.delete(step.name)) break;
        if (step.seen) cluster.delete("ConfigMap", "shop", step.name);
        else cluster.vanish("ConfigMap", "shop", step.name);
        break;
      case "Stop":
      case "Kill":
        await (step.does === "Stop" ? this.#operator?.stop() : this.#operator?.kill());
        this.#operator = undefined;
        break;
      case "Start":
        this.#operator ??= await this.#world.start();
        break;
      case "Relist":
        cluster.relist();
        break;
      case "Down":
        remote.down(retry("RemoteUnreachable", "down"));
        break;
      case "Up":
        remote.down(undefined);
        break;
      case "Refuse":
        remote.refuseRef(mainRef, "protected");
        break;
      case "Accept":
        remote.acceptAll();
        break;
      case "LoseAnswer":
        remote.loseAnswer();
        break;
      default:
        await clock.advance(step.ms);
    }
  }

  async end(): Promise<void> {
    const ms = 700_000;
    for (const does of ["Up", "Accept", "Start", "Relist"] as const) await this.take({ does });
    await this.take({ does: "Wait", ms });
    await this.#operator?.stop();
    for (const of of names) {
      const text = this.#world.remote.show(mainRef, `apps/shop/configmap-${of}.yaml`);
      const written = text === undefined ? undefined : ((parse(text) as JsonObject)["data"] ?? {});
      assert.deepEqual(written, this.#models.get(of)?.data, `${of}: ${this.#world.ready().message}`);
    }
  }

  #put({ name: of, seen }: { readonly name: string; readonly seen: boolean }, model: Model): void {
    this.#models.set(of, model);
    const object = configMap(of, model);
    if (seen) this.#world.cluster.put(object);
    else this.#world.cluster.putUnseen(object);
  }
}

for (const atomic of [true, false]) {
  it(`the branch holds in the end what the cluster has, on a server with${atomic ? "" : "out"} atomic pushes`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom("0s", "5s"), async (taken, quietPeriod) => {
        const world = createWorld({ files: { "README.md": "shop\n" }, atomic });
        world.capture({ batching: { quietPeriod } });
        const play = new Play(world);
        for (const step of [{ does: "Start" } as const, ...taken]) await play.take(step);
        await play.end();
      }),
      { numRuns: 200 },
    );
  });
}
