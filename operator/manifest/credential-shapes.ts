/** What well-known credentials look like, as data. */
import { isPlaceholder, isPlaceholderPassword } from "./placeholder.ts";

export interface Shape {
  /** With its article. */
  readonly what: string;
  /**
   * Global. Takes time that grows with the text alone: what repeats has a bound, or is followed by nothing that it could
   * have taken itself. A group `secret` is the part that may be a placeholder; without one, the whole match is. A group
   * `user` is whose it is.
   */
  readonly pattern: RegExp;
  /** The source of a pattern that takes something wherever the shape is, also in the YAML that holds it. */
  readonly hint: string;
  /** Whether what was found stands for a secret and is none, as in documentation. */
  readonly isExample: (secret: string, user: string) => boolean;
  /** Where the shape is known from. */
  readonly source: string;
}

/** Bodies are followed by what could not be part of them, so that a longer word is no credential. */
const token = (what: string, hint: string, body: string, source: string): Shape => ({
  what,
  pattern: new RegExp(`(?<!${hint.startsWith(":\\/") ? "[^A-Za-z0-9]" : "[A-Za-z0-9]"})(?:${hint})${body}`, "g"),
  hint,
  isExample: isPlaceholder,
  source,
});

/** A line of base64 after the line ends and headers that may stand before it, with the line ends of JSON in JSON too. */
const lineEnd = String.raw`(?:\s|\\{1,8}[nrt])`;
const pemHeader = String.raw`[A-Z][A-Za-z-]{1,30}: [^\r\n\\]{0,200}${lineEnd}{1,16}`;
const pemBody = String.raw`${lineEnd}{0,64}(?:${pemHeader}){0,6}(?<secret>[A-Za-z0-9+/=]{40})`;

/** `=`, `:`, or what stands between the name and the value of an environment variable in YAML or JSON. */
const awsAssignment = String.raw`["'\\]{0,3}(?:\s{0,8}[=:]|,?\s{1,40}["']?value["']?\s?:|,["'\\]{0,2}value["'\\]{0,3}:)\s{0,8}["'\\]{0,2}`;

export const shapes: readonly Shape[] = [
  {
    what: "a private key",
    pattern: new RegExp(String.raw`-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----${pemBody}`, "g"),
    hint: "PRIVATE KEY",
    isExample: (secret) => /[xX]{8}/.test(secret),
    source: "RFC 7468; RFC 1421, 4.6; RFC 4880, 6.2; OpenSSH, PROTOCOL.key",
  },
  token("an age key", "AGE-SECRET-KEY-", "(?:PQ-)?1[0-9A-Z]{58}", "age-encryption.org/v1"),
  token("a GitHub token", "gh[pousr]_", "[A-Za-z0-9]{36}", "GitHub, About authentication: token formats"),
  token("a GitHub token", "github_pat_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", "GitHub, token formats"),
  token(
    "a GitLab token",
    "gl(?:pat|ptt|dt|rt|rtr|cbt|agent|oas|ft|soat|imt|ffct)-",
    String.raw`(?<secret>[A-Za-z0-9_-]{20,512}(?:\.[A-Za-z0-9.]{2,20})?)`,
    "GitLab, Token overview",
  ),
  token(
    "a Slack token",
    "xox[abeoprs]-",
    String.raw`(?:\d-)?(?<secret>[A-Za-z0-9]{8,255}-[A-Za-z0-9-]{8,255})`,
    "Slack, Token types",
  ),
  token("a Slack token", "xapp-", String.raw`\d-[A-Z0-9]{8,64}-\d{8,64}-[a-f0-9]{32}`, "Slack, Token types"),
  token(
    "a Slack webhook",
    String.raw`:\/\/hooks\.slack(?:-gov)?\.com`,
    "/(?:services|workflows|triggers)/[A-Z0-9]{8,64}/[A-Za-z0-9/]{20}",
    "Slack, Incoming webhooks",
  ),
  token(
    "a Discord webhook",
    String.raw`:\/\/(?:[a-z]{1,10}\.)?discord(?:app)?\.com`,
    String.raw`/api/(?:v\d\d?/)?webhooks/\d{17,20}/[A-Za-z0-9_-]{60}`,
    "Discord, Webhook resource",
  ),
  token(
    "a Teams webhook",
    String.raw`:\/\/[a-z0-9-]{1,63}\.webhook\.office\.com`,
    String.raw`/webhookb2/[a-f0-9-]{36}@[a-f0-9-]{36}/IncomingWebhook/[a-f0-9]{32}`,
    "Microsoft Teams, Incoming webhooks",
  ),
  {
    what: "a Telegram token",
    pattern: /(?<=(?<![A-Za-z0-9])(?:bot)?\d{8,10}):AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g,
    hint: ":AA[A-Za-z0-9_-]",
    isExample: isPlaceholder,
    source: "Telegram, Bot API",
  },
  token("an AWS access key", "A(?:KIA|SIA|BIA|CCA)[A-Z2-7]", "[A-Z2-7]{15}(?![A-Za-z0-9])", "AWS IAM, Identifiers"),
  ...["(?:secret_access|SECRET_ACCESS)_", "secret-access-", "[sS]ecretAccessK"].map((hint) => ({
    what: "an AWS secret key",
    pattern: new RegExp(`${hint}(?:k?ey|KEY)${awsAssignment}(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])`, "g"),
    hint,
    isExample: isPlaceholder,
    source: "AWS CLI, Configuration files; AWS SDKs, Environment variables",
  })),
  token("a Google API key", "AIza", "[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])", "Google Cloud, API keys"),
  token("a Google OAuth secret", "GOCSPX-", "[A-Za-z0-9_-]{28}", "Google, OAuth clients"),
  token("a Google OAuth token", String.raw`ya29\.`, "[A-Za-z0-9_-]{30}", "Google, OAuth 2.0"),
  token("an Azure storage key", "AccountKey=", "[A-Za-z0-9+/]{86}==", "Azure Storage, Connection strings"),
  token("an Azure access key", "SharedAccessKey=", "[A-Za-z0-9+/]{43}=", "Azure Service Bus, Connection strings"),
  {
    what: "an Azure access signature",
    pattern: /[?&]sig=(?<secret>(?:[A-Za-z0-9+/]|%2[BbFf]){43})(?:=|%3[Dd])/g,
    hint: "[?&]sig=",
    isExample: isPlaceholder,
    source: "Azure Storage, Shared access signatures",
  },
  {
    what: "an Azure client secret",
    pattern: /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/g,
    hint: "[78]Q~[A-Za-z0-9_~.-]",
    isExample: isPlaceholder,
    source: "Microsoft Entra, Application credentials",
  },
  token("a Stripe key", "[rs]k_live_", "[A-Za-z0-9]{24}", "Stripe, API keys"),
  token("a Stripe webhook secret", "whsec_", "[A-Za-z0-9+/]{32}", "Stripe, Webhook signatures"),
  token("an npm token", "npm_", "[A-Za-z0-9]{36}(?![A-Za-z0-9])", "npm, Access tokens"),
  token("a PyPI token", "pypi-", "AgE[A-Za-z0-9_-]{50}", "PyPI, API tokens"),
  token("a Docker token", "dckr_[po]at_", "[A-Za-z0-9_-]{20}", "Docker Hub, Access tokens"),
  {
    what: "a registry password",
    pattern: /"auth\\?"\s{0,8}:\s{0,8}\\?"(?<secret>[A-Za-z0-9+/]{7,4096}={0,2})\\?"/g,
    hint: String.raw`"auth\\?"`,
    isExample: isNoLogin,
    source: "Docker, config.json; Kubernetes, Pull an image from a private registry",
  },
  {
    what: "a login in a header",
    pattern: /\bBasic (?<secret>[A-Za-z0-9+/]{7,4096}={0,2})(?![A-Za-z0-9+/=])/g,
    hint: "Basic ",
    isExample: isNoLogin,
    source: "RFC 7617",
  },
  token("a DigitalOcean token", "do[opr]_v1_", "[a-f0-9]{64}", "DigitalOcean, API tokens"),
  token(
    "a SendGrid key",
    String.raw`SG\.[A-Za-z0-9_-]`,
    String.raw`[A-Za-z0-9_-]{21}\.[A-Za-z0-9_-]{43}`,
    "SendGrid, API keys",
  ),
  token("a Vault token", String.raw`hv[sbr]\.`, "[A-Za-z0-9_-]{24}", "Vault, Tokens"),
  {
    what: "a Terraform token",
    pattern: /(?<=[A-Za-z0-9]{14})\.atlasv1\.[A-Za-z0-9_=-]{60}/g,
    hint: String.raw`\.atlasv1\.`,
    isExample: isPlaceholder,
    source: "HCP Terraform, API tokens",
  },
  {
    what: "an OpenAI key",
    pattern: /(?<=sk-[A-Za-z0-9_-]{20,80})T3BlbkFJ[A-Za-z0-9_-]{20}/g,
    hint: "T3BlbkFJ",
    isExample: isPlaceholder,
    source: "OpenAI, API keys",
  },
  token("an Anthropic key", "sk-ant-", String.raw`(?:api|admin|oat|ort)\d\d-[A-Za-z0-9_-]{80}`, "Anthropic, API keys"),
  token("a Hugging Face token", "hf_", "[A-Za-z]{34}(?![A-Za-z0-9])", "Hugging Face, User access tokens"),
  token("a Grafana token", "glsa_", "[A-Za-z0-9]{32}_[a-f0-9]{8}", "Grafana, Service accounts"),
  token("a Grafana token", "glc_", "eyJ[A-Za-z0-9+/]{60}", "Grafana Cloud, Access policies"),
  token("a New Relic key", "NRAK-", "[A-Z0-9]{27}", "New Relic, API keys"),
  token("a Tailscale key", "tskey-", "[a-z]{3,10}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20}", "Tailscale, Key prefixes"),
  token("a Databricks token", "dapi[a-f0-9]", "[a-f0-9]{31}(?![A-Za-z0-9])", "Databricks, Personal access tokens"),
  token("a Dynatrace token", String.raw`dt0[a-z]\d\d\.`, String.raw`[A-Z2-7]{24}\.[A-Z2-7]{64}`, "Dynatrace, Tokens"),
  token("an Atlassian token", "AT(?:ATT3|BB|CTT3)[A-Za-z0-9_=-]", "[A-Za-z0-9_=-]{31}", "Atlassian, API tokens"),
  {
    what: "a JSON web token",
    pattern: /(?<=(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,4096})\.eyJ(?<secret>[A-Za-z0-9_-]{10,8192}\.[A-Za-z0-9_-]{20})/g,
    hint: String.raw`\.eyJ`,
    // The payload of jwt.io's example: {"sub":"1234567890
    isExample: (secret) => secret.startsWith("zdWIiOiIxMjM0NTY3ODkw"),
    source: "RFC 7519; Kubernetes, Service account tokens",
  },
  {
    what: "a password in a URL",
    pattern: /(?<=[A-Za-z0-9+]):\/\/(?<user>[^\s/?#:@"'`\\]{0,256}):(?<secret>[^\s/?#@"'`\\]{1,512})@[A-Za-z0-9[_-]/g,
    hint: String.raw`:\/\/[^\s/]{0,800}@`,
    isExample: isPlaceholderPassword,
    source: "RFC 3986, 3.2.1",
  },
  {
    what: "a token in a URL",
    pattern:
      /(?<=[A-Za-z0-9+]):\/\/(?<secret>(?=[a-zA-Z_-]{0,64}\d)[A-Za-z0-9_-]{30,255})@(?:[a-z0-9-]{1,63}\.){0,4}(?:git|bitbucket|codeberg|azure)[a-z0-9-]{0,63}\./g,
    hint: String.raw`:\/\/[^\s/]{0,800}@`,
    isExample: isPlaceholder,
    source: "GitHub, GitLab, Bitbucket: cloning with a token",
  },
  {
    what: "a password in a URL",
    pattern: /@(?:tcp6?|unix)\((?<=(?<user>[^\s/:@"'`]{0,64}):(?<secret>[^\s/:@"'`]{1,256})@(?:tcp6?|unix)\()/g,
    hint: String.raw`@(?:tcp6?|unix)\(`,
    isExample: isPlaceholderPassword,
    source: "Go's MySQL driver, DSN",
  },
  {
    what: "a password in a URL",
    pattern: /[?&](?:password|passwd|access_token|client_secret)=(?<secret>[^\s&"'`#\\]{3,512})/g,
    hint: "[?&](?:passw|access_t|client_s)",
    isExample: isPlaceholderPassword,
    source: "JDBC drivers, connection URLs; RFC 6750, 2.3",
  },
];

/** What a name says of a value that has no shape of its own: entries of maps, and `{name, value}`. Names hold a hint. */
export const named: readonly { readonly what: string; readonly name: RegExp; readonly value: RegExp }[] = [
  {
    what: "an AWS secret key",
    name: /(?:secret_access_key|SECRET_ACCESS_KEY|secret-access-key|[sS]ecretAccessKey)$/,
    value: /^(?!.*X{8})[A-Za-z0-9/+]{40}$/,
  },
];

/** Whether it is not `user:password` in base64, as in HTTP's basic authentication. */
function isNoLogin(base64: string): boolean {
  const text = Buffer.from(base64, "base64").toString("latin1");
  const [, user = "", password] = /^([!-9;-~]{1,256}):([!-~]{1,4096})$/.exec(text) ?? [];
  return password === undefined || isPlaceholderPassword(password, user);
}
