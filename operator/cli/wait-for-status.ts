import type { Capture } from "../api/generated/capture.ts";
import type { Cluster } from "../cluster/index.ts";
import type { Context } from "./command.ts";
import { asCapture, getOwn, ownKind } from "./find-objects.ts";
import { Complaint } from "./perform.ts";
import { readyOf } from "./ready-of.ts";

const pollMs = 250;

/** The Capture as soon as `isDone` holds for it. Throws Complaint with what it last said, after `timeoutMs`. */
export async function waitForStatus(
  cluster: Cluster,
  { metadata: { namespace, name, uid } }: Capture,
  timeoutMs: number,
  isDone: (capture: Capture) => boolean,
  { now, sleep }: Pick<Context, "now" | "sleep">,
): Promise<Capture> {
  const until = now() + timeoutMs;
  await ownKind(cluster, "Capture");
  for (;;) {
    const capture = asCapture(await getOwn(cluster, "Capture", namespace, name));
    if (capture.metadata.uid !== uid) throw new Complaint(`Capture ${name} was deleted and made anew meanwhile`);
    if (isDone(capture)) return capture;
    if (now() >= until) {
      const { status, reason, message } = readyOf(capture);
      const said = `its condition Ready is ${status}${reason === "" ? "" : ` (${reason})`}: ${message.replace(/\.$/, "")}`;
      throw new Complaint(
        `Capture ${name}: the operator has not answered within ${timeoutMs / 1000}s; ${said}. clickscribe check says whether it runs; --timeout waits longer`,
      );
    }
    await sleep(pollMs);
  }
}

/** The operator has seen this generation, and knows what becomes of it. */
export function isSettled(capture: Capture, generation: number): boolean {
  const ready = capture.status?.conditions?.find(({ type }) => type === "Ready");
  return (
    (capture.status?.observedGeneration ?? 0) >= generation && ready !== undefined && ready.reason !== "Progressing"
  );
}
