import type { Cluster } from "../cluster/index.ts";
import type { Author } from "../values.ts";

/** Who runs the command, by the API server's word (SelfSubjectReview, KEP-3325). Throws Failure. */
export async function callerOf(cluster: Pick<Cluster, "create">): Promise<Author> {
  const review = await cluster.create({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
  const { userInfo } = (review["status"] ?? {}) as { readonly userInfo?: { readonly username?: string } };
  const person = userInfo?.username;
  return person === undefined
    ? { rung: "None", candidates: [], evidence: "" }
    : { rung: "Admission", person, groups: [], tool: undefined, evidence: "SelfSubjectReview" };
}
