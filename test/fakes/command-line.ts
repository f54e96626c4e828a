/** The command line with a terminal in memory and, if given, a cluster. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { main } from "../../operator/cli/cli.ts";
import type { Context } from "../../operator/cli/command.ts";
import type { Cluster } from "../../operator/cluster/index.ts";
import { identityKey } from "../../operator/manifest/identity.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { createFakeCluster, type FakeCluster, fakeKinds } from "./cluster.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What commands did to a fake cluster beside reading. */
export interface Done {
  readonly patches: { readonly name: string; readonly change: JsonObject }[];
  readonly removed: string[];
  readonly applied: JsonObject[];
}

export interface CliCluster extends FakeCluster, Cluster {
  readonly done: Done;
}

export const now: number = Date.parse("2026-03-01T12:00:00Z");

/** `patched` is told of each change after it was made: the operator's part. */
export function createCliCluster(
  kinds: readonly Kind[] = fakeKinds,
  patched: (cluster: FakeCluster, object: JsonObject) => void = () => undefined,
): CliCluster {
  const fake = createFakeCluster(() => now, kinds);
  const done: Done = { patches: [], removed: [], applied: [] };
  const cluster: CliCluster = {
    ...fake,
    done,
    server: "https://k.example",
    namespace: "shop",
    info: () => Promise.resolve({ version: "v1.37.0", date: now }),
    async labelled(kind, namespace, selector) {
      const wanted = selector.split(",").map((part) => part.split("="));
      const found: JsonObject[] = [];
      for await (const { object } of fake.list({ kind, namespace })) {
        const { labels = {} } = object["metadata"] as { readonly labels?: Readonly<Record<string, string>> };
        if (wanted.every(([name = "", value]) => labels[name] === value)) found.push(object);
      }
      return found;
    },
    async patch(kind, namespace, name, change) {
      done.patches.push({ name, change });
      const before = await fake.get(kind, namespace, name);
      assert.ok(before, `${name} is not there`);
      const after = fake.put(merge(before, change));
      patched(fake, after);
      return after;
    },
    replace: (_kind, object, { dryRun = false } = {}) => Promise.resolve(dryRun ? object : fake.put(object)),
    async remove(kind, namespace, name, { dryRun = false } = {}) {
      if ((await fake.get(kind, namespace, name)) === undefined) return false;
      if (dryRun) return true;
      fake.vanish(kind.kind, namespace, name);
      done.removed.push(identityKey({ group: kind.group, kind: kind.kind, namespace, name }).replaceAll("\n", "/"));
      return true;
    },
    apply(object, { dryRun = false } = {}) {
      if (!dryRun) done.applied.push(object);
      return Promise.resolve(dryRun ? object : fake.put(object));
    },
    close: () => Promise.resolve(),
  };
  return cluster;
}

/** RFC 7396. */
function merge(object: JsonObject, change: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...object };
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? merge(isObject(before) ? before : {}, value) : value;
  }
  return merged;
}

function isObject(value: JsonObject[string] | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Runs a command as the process would. */
export async function say(argv: readonly string[], cluster?: Cluster, context: Partial<Context> = {}): Promise<Said> {
  let out = "";
  let err = "";
  let at = now;
  const code = await main({
    argv,
    env: { HOME: "/home/ann" },
    isTerminal: false,
    program: "clickscribe",
    version: "1.2.3",
    actions: { run: () => assert.fail("run was called"), plan: () => assert.fail("plan was called") },
    connect: () => (cluster ? Promise.resolve(cluster) : assert.fail("the cluster was asked")),
    now: () => at,
    readText: (file) => readFileSync(file, "utf8"),
    ask: () => Promise.resolve(undefined),
    sleep: async (ms) => {
      at += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    terminal: { out: (text) => void (out += text), err: (text) => void (err += text) },
    takeSignals: () => new AbortController().signal,
    ...context,
  });
  return { code, out, err };
}
