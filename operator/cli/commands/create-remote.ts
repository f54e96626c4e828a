import { type CreateRemoteConfig, createRemoteLine, readCreateRemoteConfig } from "../../config/create-remote.ts";
import type { Command, Context } from "../command.ts";
import { create } from "../create.ts";
import { makeRemote, type SecretContent } from "../make-remote.ts";
import { perform } from "../perform.ts";
import { readCertificates, readKnownHosts, readPassword, readPrivateKey } from "../read-credentials.ts";

export const createRemote: Command = {
  line: createRemoteLine,
  group: "Set up",
  summary: "makes a GitRemote, and lends its Secret to the operator",
  details:
    "Beside the GitRemote it makes a Role and a RoleBinding, by which the operator may read what it names, each by its name and nothing else; with --username, --private-key or --ca-file the Secret too.",
  examples: [
    "clickscribe create remote platform --secret git --export \\\n    --url https://git.example.com/acme/platform.git",
    "clickscribe create remote platform --username bot --password-stdin \\\n    --url https://git.example.com/acme/platform.git -n shop < token.txt",
    "clickscribe create remote platform --url ssh://git@git.example.com/acme/platform.git \\\n    --private-key id_ed25519 --known-hosts known_hosts -n shop",
  ],
  act: (context) =>
    perform("create remote", readCreateRemoteConfig(context), context, (config) => {
      const content = secretContent(context, config);
      return create(context, config, "GitRemote", (namespace) => makeRemote(config, content, namespace));
    }),
};

function secretContent({ readText }: Context, config: CreateRemoteConfig): SecretContent {
  const { caFile, knownHostsFile, passwordFromInput, privateKeyFile } = config;
  const ca = caFile === undefined ? undefined : readCertificates(readText, caFile);
  const ssh =
    privateKeyFile === undefined || knownHostsFile === undefined
      ? undefined
      : { privateKey: readPrivateKey(readText, privateKeyFile), knownHosts: readKnownHosts(readText, knownHostsFile) };
  return { password: passwordFromInput ? readPassword(readText) : undefined, ca, ssh };
}
