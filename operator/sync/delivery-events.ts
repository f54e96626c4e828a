/** The Events that a delivery gives rise to, on the Capture and on the captured objects that are still there. */
import { annotations } from "../api/annotations.ts";
import type { EventDraft } from "../ports.ts";
import type { CaptureSession } from "./capture-session.ts";
import type { Slot } from "./capture-slot.ts";
import type { DeliverReport } from "./deliver.ts";
import type { SourceMove } from "./delivery-state.ts";
import { attentionEvents, committedEvents, decidedEvents, driftEvents } from "./outcome.ts";

/** Brings up to date what the slot remembers having told, so that an episode is told once. `move`: not told yet. */
export function deliveryEvents(
  slot: Slot,
  session: CaptureSession,
  report: DeliverReport,
  move: SourceMove | undefined,
): readonly EventDraft[] {
  const { branch, capture, onConflict } = session.settings.target;
  const events: EventDraft[] = [];
  if (move !== undefined) events.push({ about: slot.object, type: "Warning", ...moveEvent(move, branch) });
  for (const { author, subject, id } of report.delivered) {
    if (author.rung !== "Operator") continue;
    const message = `${subject} (${id.slice(0, 7)} on ${branch})`;
    events.push({ about: slot.object, type: "Normal", reason: "Captured", message });
  }
  if (report.refused !== undefined) {
    const message = `${branch} was refused: ${report.refused}`;
    events.push({ about: slot.object, type: "Warning", reason: "Refused", message });
  }
  const attention = session.state?.attention ?? new Map();
  const onObjects = [
    ...committedEvents(report.delivered, branch),
    ...decidedEvents(report.decided, onConflict, branch),
    ...attentionEvents(attention, slot.told, branch),
    ...driftEvents(report.drift, branch),
  ];
  for (const { identity, type, reason, message } of onObjects) {
    const about = session.objectOf(identity);
    if (about !== undefined) events.push({ about, type, reason, message });
  }
  const waiting = session.state?.deletionsWaiting;
  if (waiting !== undefined && slot.askedToken !== waiting.token) {
    slot.askedToken = waiting.token;
    const confirm = `kubectl -n ${capture.namespace} annotate --overwrite capture ${capture.name} ${annotations.confirmDeletions}=${waiting.token}`;
    const message = `${waiting.count} objects vanished at a time; to remove their files: ${confirm}`;
    events.push({ about: slot.object, type: "Warning", reason: "DeletionWaiting", message });
  }
  return events;
}

function moveEvent({ move, before, tip }: SourceMove, branch: string): Pick<EventDraft, "reason" | "message"> {
  const was = before.slice(0, 7);
  if (move === "Deleted") {
    const message = `${branch} is gone, it was at ${was}: it is made again from the default branch, with every object`;
    return { reason: "SourceDeleted", message };
  }
  const now = tip?.slice(0, 7) ?? "";
  const message = `${branch} was rewritten: ${was} is not in it any more. It is gone on from ${now} as it is; nothing is forced back`;
  return { reason: "SourceRewritten", message };
}
