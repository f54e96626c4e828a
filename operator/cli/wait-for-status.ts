import type { Cluster } from "../cluster/index.ts";
import type { Context } from "./command.ts";
import { getOwn, type Own, type OwnKind } from "./find-objects.ts";
import { Complaint } from "./perform.ts";
import { readyOf } from "./ready-of.ts";

const pollMs = 250;

/** One of our own objects, as it was when it was changed. */
export interface Awaited {
  readonly kind: OwnKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The object as soon as `isDone` holds for it. Throws Complaint with what it last said, after `timeoutMs`. */
export async function waitForStatus<Kind extends OwnKind>(
  cluster: Cluster,
  { kind, namespace, name, uid }: Awaited & { readonly kind: Kind },
  timeoutMs: number,
  isDone: (object: Own[Kind]) => boolean,
  { now, sleep }: Pick<Context, "now" | "sleep">,
): Promise<Own[Kind]> {
  const until = now() + timeoutMs;
  for (;;) {
    const found = await getOwn(cluster, kind, namespace, name);
    const object = found as unknown as Own[Kind];
    if (object.metadata.uid !== uid) throw new Complaint(`${kind} ${name} was deleted and made anew meanwhile`);
    if (isDone(object)) return object;
    if (now() >= until) {
      const { status, reason, message } = readyOf(object);
      const said = `its condition Ready is ${status}${reason === "" ? "" : ` (${reason})`}: ${message.replace(/\.$/, "")}`;
      throw new Complaint(
        `${kind} ${name}: the operator has not answered within ${timeoutMs / 1000}s; ${said}. clickscribe check says whether it runs; --timeout waits longer`,
      );
    }
    await sleep(pollMs);
  }
}

/** The operator has seen this generation, and knows what becomes of it. */
export function isSettled({ status }: Pick<Own[OwnKind], "status">, generation: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return (status?.observedGeneration ?? 0) >= generation && ready !== undefined && ready.reason !== "Progressing";
}
