/** The objects that a user writes, as raw JSON. */
export interface GitRemoteInput {
  readonly name: string;
  readonly namespace: string;
  readonly url: string;
  /** Name of the Secret; none: no credentials. */
  readonly secret?: string;
  readonly spec?: object;
}

export function gitRemoteObject({ name, namespace, url, secret, spec }: GitRemoteInput): object {
  const plain = url.startsWith("http://") ? { allowInsecure: true } : {};
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "GitRemote",
    metadata: { name, namespace },
    spec: { url, ...plain, ...(secret !== undefined && { secretRef: { name: secret } }), ...spec },
  };
}

export interface CaptureInput {
  readonly name: string;
  readonly namespace: string;
  readonly remote: string;
  readonly path: string;
  readonly spec?: object;
}

export function captureObject({ name, namespace, remote, path, spec }: CaptureInput): object {
  return {
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "Capture",
    metadata: { name, namespace },
    spec: { remote: { name: remote }, path, ...spec },
  };
}

/** A Secret of the shape that GitRemotes read. */
export function secretObject(name: string, namespace: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData };
}
