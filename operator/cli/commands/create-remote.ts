import { type CreateRemoteConfig, createRemoteLine, readCreateRemoteConfig } from "../../config/create.ts";
import type { Command, Context } from "../command.ts";
import { create } from "../create.ts";
import { makeRemote, type SecretContent } from "../make-remote.ts";
import { perform } from "../perform.ts";
import { readCertificates, readPassword } from "../read-credentials.ts";

export const createRemote: Command = {
  line: createRemoteLine,
  group: "Set up",
  summary: "makes a GitRemote, and lends its Secret to the operator",
  details:
    "Beside the GitRemote it makes a Role and a RoleBinding, by which the operator may read that one Secret by its name; with --username or --ca-file the Secret too.",
  examples: [
    "clickscribe create remote platform --secret git --export \\\n    --url https://git.example.com/acme/platform.git",
    "clickscribe create remote platform --username bot --password-stdin \\\n    --url https://git.example.com/acme/platform.git -n shop < token.txt",
  ],
  act: (context) =>
    perform("create remote", readCreateRemoteConfig(context), context, (config) => {
      const content = secretContent(context, config);
      return create(context, config, "GitRemote", (namespace) => makeRemote(config, content, namespace));
    }),
};

function secretContent({ readText }: Context, config: CreateRemoteConfig): SecretContent {
  const ca = config.caFile === undefined ? undefined : readCertificates(readText, config.caFile);
  return { password: config.passwordFromInput ? readPassword(readText) : undefined, ca };
}
