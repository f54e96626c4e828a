import { repositoryContract } from "../../../test/contract/repository.ts";
import { sshContractServer } from "../../../test/git/ssh-contract.ts";
import { makeKey } from "../../../test/git/ssh-protocol.ts";
import { startSsh2Server } from "../../../test/git/ssh2-server.ts";

repositoryContract("git over SSH", async (files) => {
  const key = await makeKey();
  const server = await startSsh2Server({ authorized: [key] });
  return await sshContractServer(server, key, files, false);
});
