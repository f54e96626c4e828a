/** PURE: whether Argo CD or Flux made a change: what they applied from Git is never written back. */
import type { Applier, Author } from "../values.ts";

const managers: ReadonlyMap<string, Applier> = new Map([
  ["argocd-controller", "ArgoCD"],
  ["argocd-application-controller", "ArgoCD"],
  ["kustomize-controller", "Flux"],
  ["helm-controller", "Flux"],
]);
const serviceAccounts =
  /^system:serviceaccount:[^:]+:(?<name>argocd-application-controller|kustomize-controller|helm-controller)$/;

/**
 * Who of them made a change; undefined: somebody else. The reviewed user decides where there is one; the newest field
 * manager, which anybody can claim, only otherwise. `appliers`: users that a Capture names besides.
 */
export function applierOf(
  author: Author,
  fieldManager: string | undefined,
  appliers: readonly string[],
): Applier | undefined {
  if (!("person" in author)) return managers.get(fieldManager ?? "");
  const account = serviceAccounts.exec(author.person)?.groups?.["name"];
  return managers.get(account ?? "") ?? (appliers.includes(author.person) ? "Other" : undefined);
}
