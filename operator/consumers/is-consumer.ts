/** PURE: whether Argo CD or Flux made a change: what they applied from Git is never written back. */
import type { Author } from "../values.ts";

const managers: ReadonlySet<string> = new Set([
  "argocd-controller",
  "argocd-application-controller",
  "kustomize-controller",
  "helm-controller",
]);
const serviceAccounts =
  /^system:serviceaccount:[^:]+:(argocd-application-controller|kustomize-controller|helm-controller)$/;

/**
 * The reviewed user decides where there is one; the newest field manager, which anybody can claim, only otherwise.
 * `appliers`: users that a Capture names besides.
 */
export function isConsumer(author: Author, fieldManager: string | undefined, appliers: readonly string[]): boolean {
  if ("person" in author) return serviceAccounts.test(author.person) || appliers.includes(author.person);
  return fieldManager !== undefined && managers.has(fieldManager);
}
