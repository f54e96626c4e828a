import type { CreateRemoteConfig } from "../config/create.ts";
import type { JsonObject } from "../values.ts";

/** What goes into a new Secret, beside what the command line says. */
export interface SecretContent {
  readonly password: string | undefined;
  readonly ca: string | undefined;
}

const managedBy = "app.kubernetes.io/managed-by";
/** By which the Roles and RoleBindings that lend Secrets are found again. */
export const loanLabel: string = `${managedBy}=clickscribe`;

/**
 * The objects of `create remote`, in the order in which they are applied: the Secret if it is to be made, what lends it
 * to the operator (get of that one Secret by its name, and nothing else), and the GitRemote.
 */
export function makeRemote(
  config: CreateRemoteConfig,
  content: SecretContent,
  namespace: string | undefined,
): readonly JsonObject[] {
  const secret = config.secret;
  return [
    ...(secret === undefined ? [] : secretOf(config, secret, content, namespace)),
    ...(secret === undefined ? [] : loan(config, secret, namespace)),
    remoteOf(config, namespace),
  ];
}

function secretOf(
  { username }: CreateRemoteConfig,
  name: string,
  { password, ca }: SecretContent,
  namespace: string | undefined,
): readonly JsonObject[] {
  if (password === undefined && ca === undefined) return [];
  const stringData = {
    ...(username !== undefined && password !== undefined && { username, password }),
    ...(ca !== undefined && { "ca.crt": ca }),
  };
  return [{ apiVersion: "v1", kind: "Secret", metadata: metadata(name, namespace), type: "Opaque", stringData }];
}

function loan(
  { name: remote, operator }: CreateRemoteConfig,
  secret: string,
  namespace: string | undefined,
): readonly JsonObject[] {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const name = `clickscribe-remote-${remote}`;
  const labels = { [managedBy]: "clickscribe" };
  const role = {
    apiVersion,
    kind: "Role",
    metadata: { ...metadata(name, namespace), labels },
    rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [secret], verbs: ["get"] }],
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
  const { author, emailTemplate, committerName, committerEmail, recordPrefix } = config;
  const committer = {
    ...(committerName !== undefined && { name: committerName }),
    ...(committerEmail !== undefined && { email: committerEmail }),
  };
  const commit = {
    ...(author !== undefined && { author }),
    ...(emailTemplate !== undefined && { authors: { emailTemplate } }),
    ...(Object.keys(committer).length > 0 && { committer }),
  };
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "GitRemote",
    metadata: metadata(config.name, namespace),
    spec: {
      url: config.url,
      ...(config.allowInsecure && { allowInsecure: true }),
      ...(config.secret !== undefined && { secretRef: { name: config.secret } }),
      ...(recordPrefix !== undefined && { record: { prefix: recordPrefix } }),
      ...(Object.keys(commit).length > 0 && { commit }),
    },
  };
}

/** Without a namespace, kubectl apply -n decides. */
export function metadata(name: string, namespace: string | undefined): JsonObject {
  return { name, ...(namespace !== undefined && { namespace }) };
}
