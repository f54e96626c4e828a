/** The people of the test control plane, their credentials and their rights. */
import { randomBytes } from "node:crypto";

export type Credential = { readonly token: string } | { readonly key: string; readonly certificate: string };

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export const DEVELOPERS = "developers";

export const STANDARD_USERS: readonly User[] = [
  { name: "admin", groups: ["system:masters"] },
  { name: "alice", groups: [DEVELOPERS] },
  { name: "bob", groups: [DEVELOPERS] },
  { name: "carol", groups: [DEVELOPERS] },
];

/** The identity kubeadm gives the controller manager: its controllers then act as their own ServiceAccounts. */
export const CONTROLLER_MANAGER: User = { name: "system:kube-controller-manager", groups: [] };

export function newToken(): string {
  return randomBytes(24).toString("base64url");
}

/** The file of `--token-auth-file`: `token,user,uid,"group1,group2"`. */
export function tokenFile(users: readonly User[], tokens: ReadonlyMap<string, string>): string {
  return users
    .map((user) => `${tokens.get(user.name)},${user.name},uid-${user.name},"${user.groups.join(",")}"\n`)
    .join("");
}

/**
 * What lets the group `developers` edit everywhere.
 *
 * ClusterRole `edit` is an aggregate that the controller manager fills in; its parts are bound too, so that the rights
 * are the same without a controller manager. `rules` are for what `edit` leaves out: custom resources, say.
 */
export function developerRights(rules: readonly PolicyRule[]): { readonly path: string; readonly object: object }[] {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const group = { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: DEVELOPERS };
  const look = { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] };
  const lookAtKinds = {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    verbs: ["get", "list", "watch"],
  };
  const role = {
    path: `${rbac}/clusterroles`,
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: DEVELOPERS },
      rules: [look, lookAtKinds, ...rules],
    },
  };
  const bindings = [DEVELOPERS, "edit", "system:aggregate-to-edit", "system:aggregate-to-view"].map((name) => ({
    path: `${rbac}/clusterrolebindings`,
    object: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: name === DEVELOPERS ? DEVELOPERS : `${DEVELOPERS}:${name}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [group],
    },
  }));
  return [role, ...bindings];
}

/** A kubeconfig with everything in it and one context; JSON, which is YAML. */
export function kubeconfigText(options: {
  readonly context: string;
  readonly server: string;
  readonly ca: string;
  readonly user: string;
  readonly credential: Credential;
}): string {
  const { context, server, ca, user, credential } = options;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": context,
      clusters: [{ name: context, cluster: { server, "certificate-authority-data": base64(ca) } }],
      contexts: [{ name: context, context: { cluster: context, user, namespace: "default" } }],
      users: [
        {
          name: user,
          user:
            "token" in credential
              ? { token: credential.token }
              : {
                  "client-certificate-data": base64(credential.certificate),
                  "client-key-data": base64(credential.key),
                },
        },
      ],
    },
    null,
    2,
  )}\n`;
}
