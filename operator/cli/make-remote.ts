import type { CreateRemoteConfig } from "../config/create-remote.ts";
import type { JsonObject } from "../values.ts";

/** What goes into a new Secret, beside what the command line says. */
export interface SecretContent {
  readonly password: string | undefined;
  readonly ca: string | undefined;
  readonly ssh?: { readonly privateKey: string; readonly knownHosts: string } | undefined;
}

const managedBy = "app.kubernetes.io/managed-by";
/** By which the Roles and RoleBindings that lend Secrets are found again. */
export const loanLabel: string = `${managedBy}=clickscribe`;

/**
 * The objects of `create remote`, in the order in which they are applied: the Secret if it is to be made, what lends the
 * operator all that the GitRemote names (get of these by their names, and nothing else), and the GitRemote.
 */
export function makeRemote(
  config: CreateRemoteConfig,
  content: SecretContent,
  namespace: string | undefined,
): readonly JsonObject[] {
  const { secret, proxySecret, signing, authors } = config;
  const given = (names: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(names.filter((name) => name !== undefined)),
  ];
  const rules = [
    { resources: ["secrets"], resourceNames: given([secret, proxySecret, signing?.secret]) },
    { resources: ["configmaps"], resourceNames: given([authors]) },
  ].filter(({ resourceNames }) => resourceNames.length > 0);
  return [
    ...(secret === undefined ? [] : secretOf(config, secret, content, namespace)),
    ...(rules.length === 0 ? [] : loan(config, rules, namespace)),
    remoteOf(config, namespace),
  ];
}

function secretOf(
  { username }: CreateRemoteConfig,
  name: string,
  { password, ca, ssh }: SecretContent,
  namespace: string | undefined,
): readonly JsonObject[] {
  if (password === undefined && ca === undefined && ssh === undefined) return [];
  const stringData = {
    ...(ssh !== undefined && { identity: ssh.privateKey, known_hosts: ssh.knownHosts }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { "ca.crt": ca }),
  };
  return [{ apiVersion: "v1", kind: "Secret", metadata: metadata(name, namespace), type: "Opaque", stringData }];
}

function loan(
  { name: remote, operator }: CreateRemoteConfig,
  rules: readonly { readonly resources: readonly string[]; readonly resourceNames: readonly string[] }[],
  namespace: string | undefined,
): readonly JsonObject[] {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const name = `clickscribe-remote-${remote}`;
  const labels = { [managedBy]: "clickscribe" };
  const role = {
    apiVersion,
    kind: "Role",
    metadata: { ...metadata(name, namespace), labels },
    rules: rules.map((rule) => ({ apiGroups: [""], ...rule, verbs: ["get"] })),
  };
  const binding = {
    apiVersion,
    kind: "RoleBinding",
    metadata: { ...metadata(name, namespace), labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name: operator.serviceAccount, namespace: operator.namespace }],
  };
  return [role, binding];
}

function remoteOf(config: CreateRemoteConfig, namespace: string | undefined): JsonObject {
  const { author, authors, emailTemplate, committerName, committerEmail, signing, subjectTemplate } = config;
  const { access, proxySecret, recordPrefix, recordRemote } = config;
  const committer = {
    ...(committerName !== undefined && { name: committerName }),
    ...(committerEmail !== undefined && { email: committerEmail }),
  };
  const commit = {
    ...(author !== undefined && { author }),
    ...((authors ?? emailTemplate) !== undefined && {
      authors: {
        ...(authors !== undefined && { configMapRef: { name: authors } }),
        ...(emailTemplate !== undefined && { emailTemplate }),
      },
    }),
    ...(Object.keys(committer).length > 0 && { committer }),
    ...(subjectTemplate !== undefined && { subjectTemplate }),
    ...(signing !== undefined && { signing: { type: signing.type, secretRef: { name: signing.secret } } }),
  };
  const record = {
    ...(recordPrefix !== undefined && { prefix: recordPrefix }),
    ...(recordRemote !== undefined && { remoteRef: { name: recordRemote } }),
  };
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "GitRemote",
    metadata: metadata(config.name, namespace),
    spec: {
      url: config.url,
      ...(config.allowInsecure && { allowInsecure: true }),
      ...(config.secret !== undefined && { secretRef: { name: config.secret } }),
      ...(access !== undefined && { access }),
      ...(proxySecret !== undefined && { proxy: { secretRef: { name: proxySecret } } }),
      ...(Object.keys(record).length > 0 && { record }),
      ...(Object.keys(commit).length > 0 && { commit }),
    },
  };
}

/** Without a namespace, kubectl apply -n decides. */
export function metadata(name: string, namespace: string | undefined): JsonObject {
  return { name, ...(namespace !== undefined && { namespace }) };
}
