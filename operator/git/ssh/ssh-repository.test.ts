import { repositoryContract } from "../../../test/contract/repository.ts";
import { sshContractServer } from "../../../test/git/ssh-contract.ts";
import { makeKey } from "../../../test/git/ssh-protocol.ts";
import { startSsh2Server } from "../../../test/git/ssh2-server.ts";

for (const acceptProtocol of [true, false]) {
  const name = acceptProtocol ? "git over SSH" : "git over SSH by the old protocol";
  repositoryContract(name, async (files) => {
    const key = await makeKey();
    const server = await startSsh2Server({ authorized: [key], acceptProtocol });
    return await sshContractServer(server, key, files, !acceptProtocol);
  });
}
