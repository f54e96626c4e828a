/** A Capture of the cluster as it is examined without its operator. */
import type { Capture } from "../../api/generated/capture.ts";
import { createObjectReader } from "../../manifest/object-reader.ts";
import type { Policy } from "../../manifest/policy.ts";
import { capturePath, deliveryOf, layoutOf } from "../../sync/capture-settings.ts";
import type { ExamineTarget } from "../../sync/examine.ts";
import type { DefaultsProver } from "../../sync/prover.ts";
import type { SchemaOf } from "../../sync/weigh-objects.ts";
import type { OpenedCapture } from "./open-capture.ts";

export type Opened = Extract<OpenedCapture, { readonly ok: true }>;

export interface ExamineDeps {
  readonly prover: DefaultsProver;
  readonly schemaOf: SchemaOf;
}

/** Throws Failure where the spec cannot be followed. */
export function examineTarget(
  capture: Capture,
  policy: Policy,
  { remote, repository, record, recordRef, branch }: Opened,
  { prover, schemaOf }: ExamineDeps,
): ExamineTarget {
  const { spec, metadata } = capture;
  return {
    repository,
    recordRepository: record,
    reader: createObjectReader(policy),
    prover: policy.defaults === "Drop" ? prover : undefined,
    capture: { namespace: metadata.namespace, name: metadata.name },
    recordRef,
    sourceRef: `refs/heads/${branch}`,
    branch,
    path: capturePath(capture),
    layout: layoutOf(capture),
    prune: { mode: spec.prune?.mode ?? "Delete", confirmAbove: spec.prune?.confirmAbove ?? 10 },
    delivery: deliveryOf(capture, remote),
    onConflict: spec.onConflict ?? "Hold",
    schemaOf,
  };
}
