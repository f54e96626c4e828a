/** What `create remote` takes. */
import type { CommandLine } from "./command-line.ts";
import { type CreateConfig, checkedName, choice, common, commonFlags, nameOf, newName } from "./create.ts";
import { finish, type Invocation, type Read, read, readText } from "./shared.ts";

/** Of `clickscribe create remote`. */
export interface CreateRemoteConfig extends CreateConfig {
  readonly url: string;
  readonly allowInsecure: boolean;
  /** undefined: anonymous. */
  readonly secret: string | undefined;
  /** What makes the Secret; undefined: it is there. */
  readonly username: string | undefined;
  /** Of the user, or of the private key. */
  readonly passwordFromInput: boolean;
  readonly privateKeyFile: string | undefined;
  readonly knownHostsFile: string | undefined;
  readonly caFile: string | undefined;
  readonly access: string | undefined;
  readonly proxySecret: string | undefined;
  readonly recordRemote: string | undefined;
  readonly authors: string | undefined;
  readonly subjectTemplate: string | undefined;
  readonly signing: { readonly type: string; readonly secret: string } | undefined;
  readonly recordPrefix: string | undefined;
  readonly author: string | undefined;
  readonly emailTemplate: string | undefined;
  readonly committerName: string | undefined;
  readonly committerEmail: string | undefined;
  /** The ServiceAccount that the operator runs as. */
  readonly operator: { readonly namespace: string; readonly serviceAccount: string };
}

export const createRemoteLine: CommandLine = {
  name: "create remote",
  arguments: [nameOf("GitRemote")],
  flags: [
    { name: "url", value: "URL", help: "what one would give to git clone, without credentials; required" },
    {
      name: "secret",
      value: "NAME",
      help: "the Secret with the credentials, in the same namespace; default: none, or the GitRemote's name if it is made",
    },
    { name: "username", value: "USER", help: "make the Secret, with this user" },
    {
      name: "password-stdin",
      help: "the password or token for it, or the private key's passphrase, is read from standard input",
      isTypedOnly: true,
    },
    {
      name: "private-key",
      value: "FILE",
      help: "make the Secret with this private key, for a URL that begins with ssh://",
      completes: "File",
    },
    { name: "known-hosts", value: "FILE", help: "what ssh-keyscan printed, once it was checked", completes: "File" },
    {
      name: "ca-file",
      value: "FILE",
      help: "make the Secret with these PEM certificates, for a server of an own authority",
      completes: "File",
    },
    { name: "allow-insecure", help: "accept a URL that begins with http://" },
    {
      name: "access",
      value: "ReadWrite|ReadOnly",
      choices: ["ReadWrite", "ReadOnly"],
      help: "ReadOnly: nothing is pushed, what differs is only told",
    },
    { name: "proxy-secret", value: "NAME", help: "the Secret with the address of an HTTP proxy" },
    {
      name: "record-prefix",
      value: "REF",
      help: "where the record stands; refs/heads/clickscribe for hosts that accept only branches",
    },
    {
      name: "record-remote",
      value: "NAME",
      help: "another GitRemote of the namespace, whose repository holds the record",
      completes: "GitRemote",
    },
    {
      name: "author",
      value: "Person|Committer",
      choices: ["Person", "Committer"],
      help: "who is the author of a commit; Committer for hosts that refuse unknown authors",
    },
    { name: "authors", value: "NAME", help: "the ConfigMap with the names and addresses of people" },
    {
      name: "email-template",
      value: "ADDRESS",
      help: "the address of a user who has none, such as {user}@example.com",
    },
    { name: "committer-name", value: "NAME", help: "who commits" },
    { name: "committer-email", value: "ADDRESS", help: "the committer's address" },
    {
      name: "subject-template",
      value: "TEXT",
      help: "the first line of each commit, such as 'OPS-7 {summary}'; {user}, {namespace}, {capture} and {cluster} may stand in it",
    },
    { name: "signing-secret", value: "NAME", help: "the Secret with the key that signs commits" },
    {
      name: "signing-type",
      value: "SSH|OpenPGP",
      choices: ["SSH", "OpenPGP"],
      fallback: "SSH",
      help: "what kind of key it is",
    },
    {
      name: "operator-namespace",
      value: "NAME",
      fallback: "clickscribe-system",
      help: "where the operator runs, which is lent what the GitRemote names",
      completes: "Namespace",
    },
    {
      name: "operator-service-account",
      value: "NAME",
      fallback: "clickscribe",
      help: "the ServiceAccount that it runs as",
    },
    ...commonFlags,
  ],
};

export function readCreateRemoteConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<CreateRemoteConfig> {
  const flags = read(createRemoteLine, started);
  flags.required("url", "such as https://git.example.com/acme/platform.git");
  flags.check(
    "url",
    isRemoteUrl,
    "be the https:// or ssh:// URL of a repository, without credentials, query and fragment",
  );
  const allowInsecure = flags.boolean("allow-insecure");
  if (flags.text("url")?.startsWith("http://") && !allowInsecure) {
    flags.problems.push(`${flags.nameOf("url")} begins with http://: use https://, or give --allow-insecure too`);
  }
  flags.check("record-prefix", isRefPrefix, "be the beginning of a ref name, such as refs/clickscribe");
  flags.check("email-template", isTemplate, "be an e-mail address that holds {user}, such as {user}@example.com");
  flags.check("committer-name", isPersonName, "be a name in one line, without < and >");
  flags.check("committer-email", isAddress, "be an e-mail address, such as bot@example.com");
  flags.check("subject-template", isSubjectTemplate, "be one line that holds {summary}, such as OPS-7 {summary}");
  const username = flags.text("username");
  const passwordFromInput = flags.boolean("password-stdin");
  const privateKeyFile = flags.text("private-key");
  const knownHostsFile = flags.text("known-hosts");
  const isSsh = flags.text("url")?.startsWith("ssh://") ?? false;
  if (isSsh && username !== undefined) {
    flags.problems.push("--username is for https://: the user of ssh:// stands in the URL, as in ssh://git@host/path");
  } else if (privateKeyFile === undefined && (username !== undefined) !== passwordFromInput) {
    flags.problems.push("--username and --password-stdin go together: they make the Secret");
  }
  if ((privateKeyFile === undefined) !== (knownHostsFile === undefined)) {
    flags.problems.push("--private-key and --known-hosts go together: they make the Secret");
  }
  if (privateKeyFile !== undefined && !isSsh) {
    flags.problems.push("--private-key is for a URL that begins with ssh://");
  }
  const made = [username, privateKeyFile, flags.text("ca-file")].some((given) => given !== undefined);
  if (isSsh && !made && !flags.isGiven("secret")) {
    flags.problems.push("--secret, or --private-key and --known-hosts, is required for a URL that begins with ssh://");
  }
  const signingSecret = checkedName(flags, "signing-secret", "a Secret");
  const signingType = choice(flags, "signing-type", ["SSH", "OpenPGP"]) ?? "SSH";
  const name = newName(flags);
  return finish(flags, {
    ...common(flags, started, readFile),
    name,
    url: flags.text("url") ?? "",
    allowInsecure,
    secret: checkedName(flags, "secret", "a Secret") ?? (made ? name : undefined),
    username,
    passwordFromInput,
    privateKeyFile,
    knownHostsFile,
    caFile: flags.text("ca-file"),
    access: choice(flags, "access", ["ReadWrite", "ReadOnly"]),
    proxySecret: checkedName(flags, "proxy-secret", "a Secret"),
    recordPrefix: flags.text("record-prefix"),
    recordRemote: checkedName(flags, "record-remote", "a GitRemote"),
    author: choice(flags, "author", ["Person", "Committer"]),
    authors: checkedName(flags, "authors", "a ConfigMap"),
    emailTemplate: flags.text("email-template"),
    subjectTemplate: flags.text("subject-template"),
    signing: signingSecret === undefined ? undefined : { type: signingType, secret: signingSecret },
    committerName: flags.text("committer-name"),
    committerEmail: flags.text("committer-email"),
    operator: {
      namespace: checkedName(flags, "operator-namespace", "a namespace") ?? "",
      serviceAccount: checkedName(flags, "operator-service-account", "a ServiceAccount") ?? "",
    },
  });
}

// As the CustomResourceDefinition has them: what --export prints, the API server takes.

export function isGitUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[!-~]+$/.test(text) || /[?#]/.test(text)) return false;
  return url.hostname !== "" && url.username === "" && url.password === "";
}

function isRemoteUrl(text: string): boolean {
  if (!text.startsWith("ssh://")) return isGitUrl(text);
  const url = URL.parse(text);
  const isPlain = /^ssh:\/\/([A-Za-z0-9_][A-Za-z0-9._-]*@)?[!-~]+$/.test(text) && !/[?#]/.test(text);
  return isPlain && url !== null && url.hostname !== "" && url.password === "" && !/@.*@/.test(text);
}

function isSubjectTemplate(text: string): boolean {
  if (!text.includes("{summary}") || /\p{Cc}/u.test(text) || text.length > 200) return false;
  return /^([^{}]|\{(summary|user|namespace|capture|cluster)\})*$/.test(text);
}

function isRefPrefix(text: string): boolean {
  return /^refs(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/.test(text) && !/\.\.|(\.|\.lock)(\/|$)/.test(text);
}

function isTemplate(text: string): boolean {
  return text.includes("{user}") && /^[!-;=?-~]+$/.test(text) && /^[^@]+@[^@]+$/.test(text);
}

function isPersonName(text: string): boolean {
  return /[^ ]/.test(text) && !/[<>\p{Cc}]/u.test(text);
}

function isAddress(text: string): boolean {
  return /^[!-;=?A-~]+@[!-;=?A-~]+$/.test(text);
}
