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

function read(readText: Context["readText"], file: string, what: string): string {
  try {
    return readText(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Complaint(`${what} ${code === undefined ? message : `cannot be read (${code})`}`);
  }
}
