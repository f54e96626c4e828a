/** `clickscribe diff`: how the objects of Captures differ from their files, as the user of the command may look. */
import type { Capture } from "../../api/generated/capture.ts";
import type { Cluster } from "../../cluster/index.ts";
import { createObjectReader } from "../../manifest/object-reader.ts";
import type { Repositories } from "../../ports.ts";
import { policyOf } from "../../sync/capture-policy.ts";
import { capturePath, layoutOf, userOf } from "../../sync/capture-settings.ts";
import { differ, type ObjectDifference } from "../../sync/differ.ts";
import { GitopsSources } from "../../sync/gitops-sources.ts";
import { createMergeSchemas } from "../../sync/merge-schemas.ts";
import { createDefaultsProver } from "../../sync/prover.ts";
import { resolveKinds } from "../../sync/watched-kinds.ts";
import { clock, log } from "../connect.ts";
import { openCapture } from "../explain/open-capture.ts";
import { Complaint } from "../perform.ts";

/** This shape is what `-o json` prints, and does not change. */
export interface CaptureDifferences {
  readonly capture: { readonly namespace: string; readonly name: string };
  readonly remote: string;
  readonly branch: string;
  readonly differences: readonly ObjectDifference[];
}

/** Throws Complaint where a repository cannot be looked at, Failure. */
export async function diffCaptures(
  cluster: Cluster,
  repositories: Repositories,
  captures: readonly Capture[],
  now: number,
): Promise<readonly CaptureDifferences[]> {
  const prover = createDefaultsProver({ cluster, clock, log });
  const schemaOf = createMergeSchemas(cluster);
  const sources = new GitopsSources({ cluster, log, onChange: () => undefined });
  const told: CaptureDifferences[] = [];
  try {
    const discovery = await cluster.discover();
    await sources.start(discovery);
    await sources.listed();
    for (const capture of captures) {
      const { namespace, name } = capture.metadata;
      const opened = await openCapture(cluster, repositories, capture);
      if (!opened.ok) throw new Complaint(`Capture ${name}: ${opened.why}${opened.remedy && `. ${opened.remedy}`}`);
      const { repository, record: recordRepository, recordRef, branch, remote } = opened;
      const { url } = remote.spec;
      const path = capturePath(capture);
      const { head } = await repository.fetch([]);
      const defaultBranch = head?.replace(/^refs\/heads\//, "");
      const policy = policyOf(capture, sources.here({ url, branch, defaultBranch, path }));
      const { selection } = policy;
      const { kinds } = await resolveKinds(cluster, discovery, selection, namespace, userOf(capture, undefined));
      const target = {
        reader: createObjectReader(policy),
        prover: policy.defaults === "Drop" ? prover : undefined,
        capture: { namespace, name },
        recordRef,
        sourceRef: `refs/heads/${branch}`,
        branch,
        path,
        layout: layoutOf(capture),
        prune: { mode: capture.spec.prune?.mode ?? "Delete", confirmAbove: capture.spec.prune?.confirmAbove ?? 10 },
        onConflict: capture.spec.onConflict ?? "Hold",
        schemaOf,
        repository,
        recordRepository,
      } as const;
      told.push({
        capture: { namespace, name },
        remote: url,
        branch,
        differences: await differ(cluster, target, kinds, now),
      });
    }
    return told;
  } finally {
    prover.close();
    sources.close();
  }
}
