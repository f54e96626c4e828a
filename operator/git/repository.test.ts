import { repositoryContract } from "../../test/contract/repository.ts";
import { startGitServer } from "../../test/git/git-server.ts";
import { createRepositories } from "./index.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

const servers: readonly (readonly [name: string, old: boolean, config: Readonly<Record<string, string>>])[] = [
  ["git over HTTP", false, {}],
  ["git over HTTP, a server without filter", false, { "uploadpack.allowFilter": "false" }],
  ["git over HTTP by the old protocol", true, { "uploadpack.allowFilter": "false" }],
  ["git over HTTP by the old protocol, with filter", true, { "uploadpack.allowFilter": "true" }],
  [
    "git over HTTP by the old protocol, with filter and any object",
    true,
    { "uploadpack.allowFilter": "true", "uploadpack.allowAnySHA1InWant": "true" },
  ],
  [
    "git over HTTP by the old protocol, with reachable commits",
    true,
    { "uploadpack.allowFilter": "false", "uploadpack.allowReachableSHA1InWant": "true" },
  ],
];

for (const [name, oldProtocol, config] of servers) contract(name, oldProtocol, config);

function contract(name: string, oldProtocol: boolean, config: Readonly<Record<string, string>>): void {
  repositoryContract(name, async (files) => {
    const server = await startGitServer({ oldProtocol });
    const content = files === undefined ? { empty: true } : { files };
    const remote = await server.createRepository("acme/demo", { ...content, config });
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
      messages: async (ref) =>
        (await remote.log(ref)).map(({ subject, body }) => `${subject}\n${body && `\n${body}\n`}`),
      refuse: async (ref, message) => await remote.rejectRef(ref, message),
      acceptAll: async () => await remote.acceptAll(),
      loseAnswer: () => remote.loseAnswer(1),
      hidesUnborn: oldProtocol,
      lacksFilter: config["uploadpack.allowFilter"] === "false",
      check: async () => await remote.fsck(),
      close: async () => {
        await Promise.all(all.map(async (repositories) => await repositories.close()));
        await server.stop();
      },
    };
  });
}
