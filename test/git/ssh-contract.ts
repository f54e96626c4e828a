/** The contract of `Repository` against one of the tests' SSH servers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import type { RemoteAccess, SshIdentity } from "../../operator/ports.ts";
import type { ContractServer } from "../contract/repository.ts";
import type { KeyPair, SshServer } from "./ssh-protocol.ts";

export const policy = { allowedHosts: ["*"], allowPlainHttp: false, allowLocalAddresses: true } as const;

export function identityFor(server: SshServer, key: KeyPair): SshIdentity {
  const { username, knownHosts } = server;
  const { privateKey } = key;
  return { type: "Ssh", username, privateKey, passphrase: undefined, password: undefined, knownHosts };
}

export function accessTo(url: string, credentials: SshIdentity, timeoutMs = 10_000): RemoteAccess {
  return { url, credentials, ca: undefined, timeoutMs };
}

/** Loses the answer of the next push: it is performed, and its program killed before it tells so. */
export function loseAnswer(repository: string): void {
  const script = '#!/bin/sh\n[ "$1" = committed ] || exit 0\nrm -f "$0"\nkill -9 "$PPID"\n';
  writeFileSync(join(repository, "hooks", "reference-transaction"), script, { mode: 0o755 });
}

export async function sshContractServer(
  server: SshServer,
  key: KeyPair,
  files: Readonly<Record<string, string>> | undefined,
  oldProtocol: boolean,
): Promise<ContractServer> {
  const config = { "uploadpack.allowFilter": "true", "core.hooksPath": "hooks" };
  const remote = await server.createRepository(
    'acme/it\'s a "demo" $(id)',
    files === undefined ? { empty: true, config } : { files, config },
  );
  await remote.rejectRef("refs/heads/nobody-ever", "none");
  const all: ClosableRepositories[] = [];
  return {
    open() {
      const repositories = createRepositories({ policy, version: "test" });
      all.push(repositories);
      return repositories.open(accessTo(remote.url, identityFor(server, key)));
    },
    commitAsPerson: (ref, changed) => remote.commitAsPerson({ branch: ref.replace("refs/heads/", ""), files: changed }),
    forceRef: async (ref, to) => void (await remote.git("update-ref", ref, to)),
    tip: (ref) => remote.tip(ref),
    show: (ref, path) => remote.show(ref, path),
    files: (ref) => remote.files(ref),
    messages: async (ref) => (await remote.log(ref)).map(({ subject, body }) => `${subject}\n${body && `\n${body}\n`}`),
    refuse: (ref, message) => remote.rejectRef(ref, message),
    acceptAll: () => remote.acceptAll(),
    loseAnswer: () => loseAnswer(remote.path),
    hidesUnborn: oldProtocol,
    check: () => remote.fsck(),
    close: async () => {
      await Promise.all(all.map((repositories) => repositories.close()));
      await server.stop();
    },
  };
}
