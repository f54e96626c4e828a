/** `clickscribe diff`: how the objects of Captures differ from their files, as the user of the command may look. */
import type { Capture } from "../../api/generated/capture.ts";
import type { Cluster } from "../../cluster/index.ts";
import type { Repositories } from "../../ports.ts";
import { policyOf } from "../../sync/capture-policy.ts";
import { capturePath, userOf } from "../../sync/capture-settings.ts";
import { ConsumerWatch } from "../../sync/consumer-watch.ts";
import { differ, type ObjectDifference } from "../../sync/differ.ts";
import { createKindSchemas, mergeSchemas } from "../../sync/kind-schemas.ts";
import { createDefaultsProver } from "../../sync/prover.ts";
import { resolveKinds } from "../../sync/watched-kinds.ts";
import { clock, log } from "../connect.ts";
import { examineTarget } from "../explain/examine-target.ts";
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
  const schemas = createKindSchemas(cluster);
  const prover = createDefaultsProver({ cluster, schemas, clock, log });
  const schemaOf = mergeSchemas(schemas);
  const sources = new ConsumerWatch({ cluster, log, onChange: () => undefined });
  const told: CaptureDifferences[] = [];
  try {
    const discovery = await cluster.discover();
    await sources.start(discovery);
    await sources.listed();
    for (const capture of captures) {
      const { namespace, name } = capture.metadata;
      const opened = await openCapture(cluster, repositories, capture);
      if (!opened.ok) throw new Complaint(`Capture ${name}: ${opened.why}${opened.remedy && `. ${opened.remedy}`}`);
      const { repository, branch, remote } = opened;
      const { url } = remote.spec;
      const { head } = await repository.fetch([]);
      const defaultBranch = head?.replace(/^refs\/heads\//, "");
      const policy = policyOf(capture, sources.here({ url, branch, defaultBranch, path: capturePath(capture) }));
      const { selection } = policy;
      const { kinds } = await resolveKinds(cluster, discovery, selection, namespace, userOf(capture, undefined));
      const target = examineTarget(capture, policy, opened, { prover, schemaOf });
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
