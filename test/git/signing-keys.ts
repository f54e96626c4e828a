/** Keys that sign commits, made by ssh-keygen and gpg, and git's own judgement of signatures. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runGit, withConfiguration } from "./git-cli.ts";

const run = promisify(execFile);

export interface SigningKeys extends AsyncDisposable {
  /** An SSH key: the private half, and its public line. `type` is that of ssh-keygen -t, `bits` of -b. */
  ssh(type: string, options?: SshKeyOptions): Promise<{ readonly privateKey: string; readonly publicKey: string }>;
  /** An OpenPGP key, exported armored; `usage` is that of gpg --quick-gen-key. It stays in the keyring. */
  openPgp(options?: OpenPgpOptions): Promise<{ readonly privateKey: string; readonly fingerprint: string }>;
  /** Runs gpg in the keyring. */
  gpg(...args: readonly string[]): Promise<string>;
  revoke(fingerprint: string): Promise<void>;
  /** What `git verify-commit` says of a commit; undefined: it verifies. Only keys that were made here are trusted. */
  verify(repository: string, commit: string): Promise<string | undefined>;
}

export interface SshKeyOptions {
  readonly bits?: number;
  readonly passphrase?: string;
  readonly format?: "PEM" | "PKCS8" | "RFC4716";
  readonly rounds?: number;
}

export interface OpenPgpOptions {
  readonly passphrase?: string;
  readonly algorithm?: string;
  readonly usage?: string;
  /** Such as 20200101T000000: keys last a year. */
  readonly madeAt?: string;
}

export async function makeSigningKeys(): Promise<SigningKeys> {
  const folder = await mkdtemp(join(tmpdir(), "keys-"));
  // The agent's socket stands in it: its path must be short.
  const home = join(folder, "g");
  await mkdir(home, { mode: 0o700 });
  const env = { PATH: process.env["PATH"], HOME: folder, GNUPGHOME: home, LC_ALL: "C.UTF-8" };
  const allowed: string[] = [];
  let made = 0;
  let verified = 0;
  const gpg = async (...args: readonly string[]): Promise<string> =>
    (await run("gpg", ["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", ...args], { env })).stdout;
  return {
    gpg,
    async ssh(type, { bits, passphrase = "", format, rounds } = {}) {
      const file = join(folder, `key-${++made}`);
      const size = bits === undefined ? [] : ["-b", String(bits)];
      const written = format === undefined ? [] : ["-m", format];
      const derivation = rounds === undefined ? [] : ["-a", String(rounds)];
      const args = ["-q", "-t", type, ...size, ...written, ...derivation, "-N", passphrase, "-C", "bot", "-f", file];
      await run("ssh-keygen", args, { env });
      const publicKey = (await readFile(`${file}.pub`, "utf8")).trim();
      allowed.push(`bot@example.com namespaces="git" ${publicKey}\n`);
      return { privateKey: await readFile(file, "utf8"), publicKey };
    },
    async openPgp({ passphrase = "", algorithm = "ed25519", usage = "default", madeAt } = {}) {
      const user = `bot ${++made} <bot@example.com>`;
      const clock = madeAt === undefined ? [] : ["--faked-system-time", madeAt];
      await gpg(...clock, "--passphrase", passphrase, "--quick-gen-key", user, algorithm, usage, "1y");
      const listed = await gpg("--with-colons", "--list-secret-keys", `=${user}`);
      const fingerprint = /^fpr:{9}([0-9A-F]+):/m.exec(listed)?.[1] ?? "";
      const privateKey = await gpg("--passphrase", passphrase, "--armor", "--export-secret-keys", fingerprint);
      return { privateKey, fingerprint };
    },
    async revoke(fingerprint) {
      const file = join(home, "openpgp-revocs.d", `${fingerprint}.rev`);
      // gpg writes it with a colon in front, so that nobody imports it by mistake.
      await writeFile(file, (await readFile(file, "utf8")).replace(":-----BEGIN", "-----BEGIN"));
      await gpg("--import", file);
    },
    async verify(repository, commit) {
      // One of its own: others may be verifying now.
      const signers = join(folder, `allowed-signers-${++verified}`);
      await writeFile(signers, allowed.join(""));
      const configured = withConfiguration(env, [["gpg.ssh.allowedSignersFile", signers]]);
      const args = ["verify-commit", "--raw", commit];
      const { code, stderr } = await runGit(args, { cwd: repository, env: configured, allowFailure: true });
      return code === 0 ? undefined : stderr || `git verify-commit ended with exit code ${code}`;
    },
    async [Symbol.asyncDispose]() {
      // The agent that gpg started on this folder.
      await run("gpgconf", ["--kill", "gpg-agent"], { env }).catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}
