/** What `create remote` and `create capture` have in common: judge, then print or apply, and wait. */
import { parseSpecs } from "../api/parse-specs.ts";
import type { Cluster } from "../cluster/index.ts";
import type { Place } from "../config/objects.ts";
import { Failure } from "../failures.ts";
import { serialize } from "../manifest/serialize.ts";
import { capturePath } from "../sync/capture-settings.ts";
import type { JsonObject } from "../values.ts";
import type { Context } from "./command.ts";
import { withCluster } from "./connect.ts";
import type { OwnKind } from "./find-objects.ts";
import { Complaint } from "./perform.ts";
import { printableLine } from "./printable.ts";
import { readyOf } from "./ready-of.ts";
import { isSettled, waitForStatus } from "./wait-for-status.ts";

export interface CreateOptions extends Place {
  readonly export: boolean;
  readonly wait: boolean;
  readonly timeoutMs: number;
}

/** `make` gives the objects in the order in which they are applied, ours last. Answers the exit code. */
export async function create(
  { connect, terminal, now, sleep }: Context,
  config: CreateOptions,
  kind: OwnKind,
  make: (namespace: string | undefined) => readonly JsonObject[],
): Promise<number> {
  if (config.export) {
    const objects = make(config.namespace);
    judge(objects);
    terminal.out(objects.map(serialize).join("---\n"));
    return 0;
  }
  return withCluster(connect, config.cluster, async (cluster) => {
    const objects = make(config.namespace ?? cluster.namespace);
    judge(objects);
    let last: JsonObject = {};
    for (const object of objects) {
      last = await applied(cluster, object);
      const { kind: name, metadata } = object as {
        readonly kind: string;
        readonly metadata: { readonly name: string };
      };
      terminal.out(`${name} ${printableLine(metadata.name)}: applied\n`);
    }
    if (!config.wait) return 0;
    const {
      name,
      namespace,
      uid,
      generation = 0,
    } = last["metadata"] as Readonly<Record<string, string>> & {
      readonly generation?: number;
    };
    const about = { kind, namespace: namespace ?? "", name: name ?? "", uid: uid ?? "" };
    const after = await waitForStatus(cluster, about, config.timeoutMs, (object) => isSettled(object, generation), {
      now,
      sleep,
    });
    const ready = readyOf(after);
    const isWell = ready.status === "True";
    terminal.out(
      `${kind} ${printableLine(about.name)}: ${isWell ? "ready" : "not ready"}: ${printableLine(ready.message)}\n`,
    );
    return isWell ? 0 : 1;
  });
}

/** What the API server finds wrong with it is said in its own words. */
async function applied(cluster: Cluster, object: JsonObject): Promise<JsonObject> {
  try {
    return await cluster.apply(object);
  } catch (error) {
    if (!(error instanceof Failure) || ![404, 422].includes(Number(error.data["status"]))) throw error;
    throw new Complaint(String(error.data["said"]));
  }
}

/** Throws Complaint or Failure. What the API server alone can judge is left to it. */
function judge(objects: readonly JsonObject[]): void {
  const parsed = parseSpecs(objects.map(serialize).join("---\n"), "default");
  if (!parsed.ok) throw new Complaint(parsed.problems.join("; "));
  for (const capture of parsed.captures) capturePath(capture);
}
