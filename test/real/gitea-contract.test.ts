/** The contract of the port `Repository` against a real Gitea. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import { repositoryContract } from "../contract/repository.ts";
import { startFaultProxy } from "../git/fault-proxy.ts";
import { type GiteaServer, robot, startGitea } from "./gitea-server.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

let server: GiteaServer;
let count = 0;
before(async () => {
  server = await startGitea();
});
after(() => server.stop());

repositoryContract("Gitea over HTTP", async (files) => {
  count += 1;
  const remote = await server.createRepository(`contract-${count}`);
  if (files !== undefined) await remote.commitAsPerson({ files, message: "first commit" });
  const proxy = await startFaultProxy();
  const url = proxy.through(remote.url);
  const credentials = { type: "Basic", username: robot, password: server.token } as const;
  const all: ClosableRepositories[] = [];
  const folder = join(remote.path, "hooks/update.d");
  const hooks: string[] = [];
  return {
    open() {
      const repositories = createRepositories({ policy, version: "test" });
      all.push(repositories);
      return repositories.open({ url, credentials, ca: undefined, timeoutMs: 5_000 });
    },
    commitAsPerson: (ref, changed) => remote.commitAsPerson({ branch: ref.replace("refs/heads/", ""), files: changed }),
    forceRef: async (ref, to) => void (await remote.git("update-ref", ref, to)),
    tip: (ref) => remote.tip(ref),
    show: (ref, path) => remote.show(ref, path),
    files: (ref) => remote.files(ref),
    messages: async (ref) => (await remote.log(ref)).map(({ subject, body }) => `${subject}\n${body && `\n${body}\n`}`),
    // Branch protection declines whole pushes: a hook of one's own, as Gitea lets administrators add them, declines a ref.
    async refuse(ref, message) {
      const hook = join(folder, `refuse-${hooks.length}`);
      await writeFile(hook, `#!/bin/sh\n[ "$1" != '${ref}' ] || { echo '${message}' >&2; exit 1; }\n`, { mode: 0o755 });
      hooks.push(hook);
    },
    async acceptAll() {
      for (const hook of hooks.splice(0)) await rm(hook);
    },
    loseAnswer: () => proxy.add("push", { type: "LoseAnswer" }),
    check: () => remote.fsck(),
    async close() {
      await Promise.all(all.map((repositories) => repositories.close()));
      await proxy.close();
    },
  };
});
