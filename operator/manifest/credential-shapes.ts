/** What well-known credentials look like, as data. */

export interface Shape {
  /** With its article. */
  readonly what: string;
  /** Takes time that grows with the text alone: no quantifier is followed by what it could have taken itself. */
  readonly pattern: RegExp;
  /** The source of a pattern without which the shape is not there. */
  readonly hint: string;
  /** Whether what the pattern's groups took is no credential but stands for one. */
  readonly isExample?: (groups: Readonly<Record<string, string | undefined>>) => boolean;
  /** Where the shape is known from. */
  readonly source: string;
}

/** How a private key in PEM begins when it is encoded once more, as in a kubeconfig. */
const encodedKeys = ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "].map((kind) => {
  const begin = Buffer.from(`-----BEGIN ${kind}PRIVATE KEY`);
  return begin.toString("base64").slice(0, Math.floor(begin.length / 3) * 4);
});

export const shapes: readonly Shape[] = [
  {
    what: "a private key",
    pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----\s*(?:\\[nr])*\s*[A-Za-z0-9+/=]{8}/,
    hint: "PRIVATE KEY",
    source: "RFC 7468; RFC 4880, 6.2",
  },
  {
    what: "a private key, encoded",
    pattern: new RegExp(encodedKeys.join("|").replaceAll("+", "\\+")),
    hint: "LS0tLS1CRUdJTi",
    source: "client-key-data of a kubeconfig",
  },
  {
    what: "an age key",
    pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/,
    hint: "AGE-SECRET-KEY-",
    source: "age(1)",
  },
  {
    what: "a GitHub token",
    pattern: /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/,
    hint: "gh[pousr]_|github_pat_",
    source: "GitHub, authentication token formats",
  },
  {
    what: "a GitLab token",
    pattern: /\bgl(?:pat|ptt|dt|rt|cbt|agent|oas|ft|soat)-[A-Za-z0-9_-]{20}/,
    hint: "gl(?:pat|ptt|dt|rt|cbt|agent|oas|ft|soat)-",
    source: "GitLab, token overview",
  },
  {
    what: "a Slack token",
    pattern: /\bxox[abeoprs]-[A-Za-z0-9]{8,255}-[A-Za-z0-9-]{8}|\bxapp-\d-[A-Z0-9]{8,255}-\d{1,255}-[a-f0-9]{32}/,
    hint: "xox[abeoprs]-|xapp-",
    source: "Slack, token types",
  },
  {
    what: "a Slack webhook",
    pattern: /\bhooks\.slack\.com\/(?:services|workflows)\/[A-Z0-9]{8,64}\/[A-Za-z0-9/]{20}/,
    hint: "hooks\\.slack\\.com",
    isExample: () => false,
    source: "Slack, incoming webhooks",
  },
  {
    what: "an AWS access key",
    pattern: /\b(?:AKIA|ASIA)(?<id>[A-Z2-7]{16})\b/,
    hint: "AKIA|ASIA",
    isExample: ({ id = "" }) => id.endsWith("EXAMPLE"),
    source: "AWS, IAM identifiers",
  },
  {
    what: "an AWS secret key",
    pattern: /\baws_?secret_?access_?key["']?\s{0,8}[=:]\s{0,8}["']?(?<key>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/i,
    hint: "[aA][cC][cC][eE][sS][sS]_?[kK][eE][yY]",
    isExample: ({ key = "" }) => key.endsWith("EXAMPLEKEY"),
    source: "AWS CLI, configuration file",
  },
  {
    what: "a Google API key",
    pattern: /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/,
    hint: "AIza",
    source: "Google Cloud, API keys",
  },
  {
    what: "a Google OAuth secret",
    pattern: /\bGOCSPX-[A-Za-z0-9_-]{28}/,
    hint: "GOCSPX-",
    source: "Google Cloud, OAuth clients",
  },
  {
    what: "an Azure storage key",
    pattern: /\bAccountKey=[A-Za-z0-9+/]{86}==/,
    hint: "AccountKey=",
    source: "Azure Storage, connection strings",
  },
  {
    what: "an Azure access signature",
    pattern: /[?&]sv=20\d\d-\d\d-\d\d&[^\s"'<>]{0,512}&sig=[A-Za-z0-9%+/]{40}/,
    hint: "&sig=",
    source: "Azure Storage, shared access signatures",
  },
  {
    what: "an Azure client secret",
    pattern: /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/,
    hint: "[78]Q~",
    source: "Microsoft Entra, application secrets",
  },
  { what: "a Stripe key", pattern: /\b[rs]k_live_[A-Za-z0-9]{24}/, hint: "k_live_", source: "Stripe, API keys" },
  { what: "an npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/, hint: "npm_", source: "npm, access tokens" },
  { what: "a PyPI token", pattern: /\bpypi-AgE[A-Za-z0-9_-]{50}/, hint: "pypi-AgE", source: "PyPI, API tokens" },
  {
    what: "a Docker token",
    pattern: /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20}/,
    hint: "dckr_",
    source: "Docker Hub, access tokens",
  },
  {
    what: "a registry password",
    pattern: /"auth"\s{0,8}:\s{0,8}"[A-Za-z0-9+/]{11}[A-Za-z0-9+/]{1,4096}={0,2}"/,
    hint: 'auth\\\\?"',
    source: "Docker, config.json",
  },
  {
    what: "a DigitalOcean token",
    pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/,
    hint: "do[opr]_v1_",
    source: "DigitalOcean, API tokens",
  },
  {
    what: "a SendGrid key",
    pattern: /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/,
    hint: "SG\\.[A-Za-z0-9_-]{22}\\.",
    source: "SendGrid, API keys",
  },
  {
    what: "a Vault token",
    pattern: /\bhv[sbr]\.[A-Za-z0-9_-]{24}/,
    hint: "hv[sbr]\\.[A-Za-z0-9_-]{24}",
    source: "Vault, tokens",
  },
  {
    what: "an OpenAI key",
    pattern: /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20}/,
    hint: "T3BlbkFJ",
    source: "OpenAI, API keys",
  },
  {
    what: "an Anthropic key",
    pattern: /\bsk-ant-(?:api|admin)\d\d-[A-Za-z0-9_-]{80}/,
    hint: "sk-ant-",
    source: "Anthropic, API keys",
  },
  {
    what: "a Hugging Face token",
    pattern: /\bhf_[A-Za-z]{34}\b/,
    hint: "hf_",
    source: "Hugging Face, access tokens",
  },
  {
    what: "a JSON web token",
    pattern: /\beyJ[A-Za-z0-9_-]{10,4096}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{20}/,
    hint: "\\.eyJ",
    source: "RFC 7519",
  },
  {
    what: "a password in a URL",
    pattern:
      /\b[a-z][a-z0-9+.-]{1,30}:\/\/(?:[^\s/?#:@"'`<>(){}$\\]{0,256}):(?<password>[^\s/?#@"'`<>(){}$\\]{3,256})@[A-Za-z0-9[]/i,
    hint: "://[^/\\s]{0,512}@",
    isExample: ({ password = "" }) => isPlaceholder(password),
    source: "RFC 3986, 3.2.1",
  },
];

/** Words that documents put where a password would stand. */
function isPlaceholder(password: string): boolean {
  return /^(?:[A-Z][A-Z_-]*|[*x.%_-]+|%[a-z]|(?:your|my|the|some)?[-_]?(?:pass(?:word|wd)?|pwd|pw|secret|token|credentials?|changeme|example|redacted|hidden|omitted))$/.test(
    password,
  );
}
