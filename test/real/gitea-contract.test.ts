/** The contract of the port `Repository` against a real Gitea. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import type { Repository, SshIdentity } from "../../operator/ports.ts";
import { type ContractServer, repositoryContract } from "../contract/repository.ts";
import { startFaultProxy } from "../git/fault-proxy.ts";
import { loseAnswer } from "../git/ssh-contract.ts";
import { type GiteaRepository, type GiteaServer, robot, startGitea } from "./gitea-server.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

let server: GiteaServer;
let count = 0;
before(async () => {
  server = await startGitea();
});
after(() => server.stop());

/** How a repository is reached, and what may happen to it on the way. */
interface Way {
  open(repositories: ClosableRepositories): Repository;
  loseAnswer(): void;
  close(): Promise<void>;
}

async function contractServer(
  files: Readonly<Record<string, string>> | undefined,
  connect: (remote: GiteaRepository) => Promise<Way>,
): Promise<ContractServer> {
  count += 1;
  const remote = await server.createRepository(`contract-${count}`);
  if (files !== undefined) await remote.commitAsPerson({ files, message: "first commit" });
  const way = await connect(remote);
  const all: ClosableRepositories[] = [];
  const hooks: string[] = [];
  return {
    open() {
      const repositories = createRepositories({ policy, version: "test" });
      all.push(repositories);
      return way.open(repositories);
    },
    commitAsPerson: (ref, changed) => remote.commitAsPerson({ branch: ref.replace("refs/heads/", ""), files: changed }),
    forceRef: async (ref, to) => void (await remote.git("update-ref", ref, to)),
    tip: (ref) => remote.tip(ref),
    show: (ref, path) => remote.show(ref, path),
    files: (ref) => remote.files(ref),
    messages: async (ref) => (await remote.log(ref)).map(({ subject, body }) => `${subject}\n${body && `\n${body}\n`}`),
    // Branch protection declines whole pushes: a hook of one's own, as Gitea lets administrators add them, declines a ref.
    async refuse(ref, message) {
      const hook = join(remote.path, `hooks/update.d/refuse-${hooks.length}`);
      await writeFile(hook, `#!/bin/sh\n[ "$1" != '${ref}' ] || { echo '${message}' >&2; exit 1; }\n`, { mode: 0o755 });
      hooks.push(hook);
    },
    async acceptAll() {
      for (const hook of hooks.splice(0)) await rm(hook);
    },
    loseAnswer: () => way.loseAnswer(),
    check: () => remote.fsck(),
    async close() {
      await Promise.all(all.map((repositories) => repositories.close()));
      await way.close();
    },
  };
}

repositoryContract("Gitea over HTTP", (files) =>
  contractServer(files, async (remote) => {
    const proxy = await startFaultProxy();
    const url = proxy.through(remote.url);
    const credentials = { type: "Basic", username: robot, password: server.token } as const;
    return {
      open: (repositories) => repositories.open({ url, credentials, ca: undefined, timeoutMs: 10_000 }),
      loseAnswer: () => proxy.add("push", { type: "LoseAnswer" }),
      close: () => proxy.close(),
    };
  }),
);

repositoryContract("Gitea over SSH", (files) =>
  contractServer(files, async (remote) => {
    const { privateKey, knownHosts } = server.ssh;
    const unused = { passphrase: undefined, password: undefined };
    const credentials: SshIdentity = { type: "Ssh", username: "git", privateKey, knownHosts, ...unused };
    return {
      open: (repositories) => repositories.open({ url: remote.sshUrl, credentials, ca: undefined, timeoutMs: 10_000 }),
      loseAnswer: () => loseAnswer(remote.path),
      close: () => Promise.resolve(),
    };
  }),
);
