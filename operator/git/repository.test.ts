import { repositoryContract } from "../../test/contract/repository.ts";
import { startGitServer } from "../../test/git/git-server.ts";
import { createRepositories } from "./index.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

repositoryContract("git over HTTP", async (files) => {
  const server = await startGitServer();
  const remote = await server.createRepository("acme/demo", files === undefined ? { empty: true } : { files });
  const all: ReturnType<typeof createRepositories>[] = [];
  return {
    open() {
      const repositories = createRepositories({ policy, version: "test" });
      all.push(repositories);
      return repositories.open({ url: remote.url, credentials: { type: "None" }, ca: undefined, timeoutMs: 5_000 });
    },
    commitAsPerson: async (ref, changed) =>
      await remote.commitAsPerson({ branch: ref.replace("refs/heads/", ""), files: changed }),
    forceRef: async (ref, to) => void (await remote.git("update-ref", ref, to)),
    tip: async (ref) => await remote.tip(ref),
    show: async (ref, path) => await remote.show(ref, path),
    files: async (ref) => await remote.files(ref),
    messages: async (ref) => (await remote.log(ref)).map(({ subject, body }) => `${subject}\n${body && `\n${body}\n`}`),
    refuse: async (ref, message) => await remote.rejectRef(ref, message),
    acceptAll: async () => await remote.acceptAll(),
    loseAnswer: () => remote.loseAnswer(1),
    check: async () => await remote.fsck(),
    close: async () => {
      await Promise.all(all.map(async (repositories) => await repositories.close()));
      await server.stop();
    },
  };
});
