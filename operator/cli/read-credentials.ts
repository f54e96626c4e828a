/** What commands read for a git server besides their flags. */
import type { Context } from "./command.ts";
import { Complaint } from "./perform.ts";

/** `--password-stdin`: one line. Throws Complaint. */
export function readPassword(readText: Context["readText"]): string {
  const password = read(readText, "-", "--password-stdin: standard input").replace(/\r?\n$/, "");
  if (password === "") throw new Complaint("--password-stdin: standard input is empty: give the password there");
  if (/[\r\n]/.test(password)) throw new Complaint("--password-stdin: standard input has more than one line");
  return password;
}

/** `--ca-file`: PEM. Throws Complaint. */
export function readCertificates(readText: Context["readText"], file: string): string {
  const text = read(readText, file, `--ca-file: ${file}`);
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Complaint(`--ca-file: ${file} holds no PEM certificate`);
  return text;
}

/** `--private-key`. Throws Complaint. */
export function readPrivateKey(readText: Context["readText"], file: string): string {
  const text = read(readText, file, `--private-key: ${file}`);
  if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/m.test(text)) return text;
  const instead = /^(ssh|ecdsa)-/.test(text) ? ": give the private key, not its .pub" : "";
  throw new Complaint(`--private-key: ${file} holds no private key${instead}`);
}

/** `--known-hosts`: known_hosts of sshd(8). Throws Complaint. */
export function readKnownHosts(readText: Context["readText"], file: string): string {
  const text = read(readText, file, `--known-hosts: ${file}`);
  const isEntry = /^(@\S+\s+)?\S+\s+(ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]+/m.test(text);
  if (isEntry) return text;
  throw new Complaint(
    `--known-hosts: ${file} names no host's key: give what ssh-keyscan HOST prints, once it was checked`,
  );
}

function read(readText: Context["readText"], file: string, what: string): string {
  try {
    return readText(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Complaint(`${what} ${code === undefined ? message : `cannot be read (${code})`}`);
  }
}
