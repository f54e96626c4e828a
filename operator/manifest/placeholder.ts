/** What stands for a secret in documentation and templates. */

/** In place of a token, whose random letters spell no such word. */
export function isPlaceholder(secret: string): boolean {
  return /([xX*.0_-])\1{6}|example|placeholder|redacted|change[_-]?me|your[_-]|insert[_-]/i.test(secret);
}

/** In place of a password, which people may choose. */
export function isPlaceholderPassword(password: string): boolean {
  return template.test(password) || word.test(password) || /^([xX*.0_-])\1*$/.test(password);
}

/** Of shells, Kubernetes, Helm, printf, Python, Ruby, documentation. */
const template = /\$[({A-Za-z_]|\{[^{}]*\}|<[^<>]*>|^\[[^[\]]*\]$|^%[a-zA-Z]|%\(|^\$\d|^:[a-z]/;

const word =
  /^(?:[A-Z][A-Z_-]*|(?:your|my|the|some|a|db|database|user|admin|secret|default|example)?[-_]?(?:pass|passwd|password|passphrase|pwd|pw|secret|token|credentials?)|pat|change[-_]?(?:me|it|this)|example|redacted|hidden|omitted|removed|xxx|todo)$/;
