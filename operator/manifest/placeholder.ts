/** What stands for a secret in documentation and templates. */

/** In place of a token, whose random letters spell no such word. */
export function isPlaceholder(secret: string): boolean {
  return /([xX*.0_-])\1{6}|example|placeholder|redacted|change[_-]?me|your[_-]|insert[_-]/i.test(secret);
}

/** In place of a password, which people may choose: `secret` is one, but not that of `username`. */
export function isPlaceholderPassword(password: string, user: string): boolean {
  return (
    template.test(password) ||
    capitals.test(password) ||
    /^([xX*.0_-])\1*$/.test(password) ||
    instruction.test(password) ||
    (word.test(password) && userWord.test(user))
  );
}

/** Of shells, Kubernetes, Helm, printf, Python, Ruby, documentation. */
const template = /\$[({]|^\$[A-Za-z_]|\$[A-Z_]{2}|\{[^{}]*\}|<[^<>]*>|^\[[^[\]]*\]$|^%[a-zA-Z]|%\(|^\$\d|^:[a-z]/;
const capitals = /^[A-Z]+(?:[_-][A-Z]+)*$/;
const instruction = /^(?:change[-_]?(?:me|it|this)|your[-_].*|redacted|hidden|omitted|removed|todo|placeholder)$/i;
const word =
  /^(?:your|my|the|some|a|db|user|example)?[-_]?(?:pass|passwd|password|passphrase|pwd|pw|secret|token|credentials?|pat)$/i;
const userWord =
  /^(?:(?:your|my|the|some|a|db|example)?[-_]?(?:user|username|user_?name|usr|login|account|acct|name)|<.*>|[xX*]+)$/i;
