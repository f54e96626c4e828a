/** What the tests' SSH servers have in common, so that the same tests run against each. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFaults } from "./faults.ts";
import { isolatedEnvironment } from "./git-cli.ts";
import { createTestRepository, type RepositoryOptions, type TestRepository } from "./test-repository.ts";

const run = promisify(execFile);

export interface KeyPair {
  /** OpenSSH's own format. */
  readonly privateKey: string;
  /** A line as in authorized_keys. */
  readonly publicKey: string;
}

export interface AuthorizedKey {
  readonly publicKey: string;
  readonly readOnly?: boolean;
}

export interface SshServerOptions {
  readonly authorized: readonly AuthorizedKey[];
  /** By default one of type ed25519. */
  readonly hostKeys?: readonly KeyPair[];
  /** Whether the server lets clients choose git's protocol. Default: yes. */
  readonly acceptProtocol?: boolean;
}

export interface SshServer {
  readonly port: number;
  /** Of the account that everybody logs in to. */
  readonly username: string;
  /** A known_hosts file with the server's keys. */
  readonly knownHosts: string;
  createRepository(name: string, options?: RepositoryOptions): Promise<TestRepository>;
  /** Connections that are open. */
  connections(): Promise<number>;
  /** Cuts every connection. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

export interface KeyOptions {
  readonly type?: "ed25519" | "rsa" | "ecdsa";
  readonly bits?: number;
  readonly passphrase?: string;
  /** Default: OpenSSH's own. */
  readonly format?: "PEM";
}

/** By ssh-keygen: some of those that ssh2 makes are none. */
export async function makeKey(options: KeyOptions = {}): Promise<KeyPair> {
  const { type = "ed25519", bits, passphrase = "", format } = options;
  const folder = await mkdtemp(join(tmpdir(), "ssh-key-"));
  try {
    const file = join(folder, "key");
    const size = bits === undefined ? [] : ["-b", String(bits)];
    const form = format === undefined ? [] : ["-m", format];
    await run("ssh-keygen", ["-q", "-t", type, ...size, ...form, "-N", passphrase, "-C", "test", "-f", file]);
    const [privateKey, publicKey] = await Promise.all([readFile(file, "utf8"), readFile(`${file}.pub`, "utf8")]);
    return { privateKey, publicKey: publicKey.trim() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface Shelf {
  /** Folder of the repositories, a path as URLs have it. */
  readonly root: string;
  /** Of git processes. */
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  create(name: string, baseUrl: string, options: RepositoryOptions | undefined): Promise<TestRepository>;
  remove(): Promise<void>;
}

/** Bare repositories in a temporary folder. */
export async function createShelf(): Promise<Shelf> {
  const folder = await mkdtemp(join(tmpdir(), "git-ssh-"));
  const [root, home] = [join(folder, "repositories"), join(folder, "home")];
  await Promise.all([mkdir(root), mkdir(home)]);
  const env = isolatedEnvironment(home);
  return {
    root,
    env,
    folder,
    async create(name, baseUrl, options = {}) {
      const path = join(root, `${name}.git`);
      const url = `${baseUrl}${encodeURI(path)}`;
      const { faults } = createFaults();
      const clientEnv = (): NodeJS.ProcessEnv => env;
      return await createTestRepository(
        { name, url, path, scratch: folder, env, clientEnv, pushes: [], faults },
        options,
      );
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
