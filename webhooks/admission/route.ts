/** POST of AdmissionReviews: always allowed, never a warning; what was seen becomes a fact before the answer leaves. */
import { performance } from "node:perf_hooks";
import type { FactSink, Log, Meter } from "../../operator/ports.ts";
import { parseReview, type Review } from "./parse-review.ts";
import type { Probe } from "./probe.ts";

export interface AdmissionDeps {
  readonly facts: FactSink;
  readonly probe: Pick<Probe, "saw">;
  readonly log: Log;
  readonly meter: Meter;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Answer {
  readonly status: 200 | 400;
  /** JSON. */
  readonly body: string;
}

/** Answers the text of one AdmissionReview. Never throws. */
export function review(text: string, deps: AdmissionDeps): Answer {
  const began = performance.now();
  let seen: Review;
  try {
    seen = parseReview(text, deps.now());
  } catch (error) {
    // What was sent stays out of log and answer: it may hold anything.
    deps.log.debug({ bytes: text.length, error: error instanceof Error ? error.name : "" }, "no AdmissionReview");
    return { status: 400, body: '{"error":"an AdmissionReview of admission.k8s.io/v1 is expected"}' };
  }
  if (seen.probe !== undefined) deps.probe.saw(seen.probe);
  // Before the answer: once it is sent, the watch event may come at any moment.
  if (seen.fact !== undefined) deps.facts.add(seen.fact);
  deps.meter.count("clickscribe_admission_reviews_total", { operation: seen.operation });
  deps.meter.observe("clickscribe_admission_seconds", {}, (performance.now() - began) / 1000);
  return { status: 200, body: allow(seen.uid) };
}

function allow(uid: string): string {
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":${JSON.stringify(uid)},"allowed":true}}`;
}
