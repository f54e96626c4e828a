/**
 * The folder outside the repository that keeps downloaded and built binaries.
 *
 * Invariant: a name in it is a whole file, since it arrives by rename. The lock only saves work: two processes that both
 * hold it (the second took a live one for stale) download twice and the later rename wins.
 */
import { access, chmod, constants, mkdir, mkdtemp, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ENVTEST_VERSION, ETCD_VERSION, KUBERNETES_VERSION, platformName } from "./pins.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const HEARTBEAT_MS = 2_000;
const STALE_MS = 30_000;

/** `CLICKSCRIBE_CACHE`, else `$XDG_CACHE_HOME/clickscribe`, else `~/.cache/clickscribe`. */
export function cacheBase(env: Environment): string {
  return env.CLICKSCRIBE_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "clickscribe");
}

/** Where the control plane's binaries are kept: in `cacheBase` a folder per versions and platform. */
export function cacheFolder(env: Environment): string {
  const versions = `kubernetes-${KUBERNETES_VERSION}-envtest-${ENVTEST_VERSION}-etcd-${ETCD_VERSION}`;
  return join(cacheBase(env), "control-plane", `${versions}-${platformName()}`);
}

/** Whether `path` is a file that may be run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Runs `fill` with an empty folder on the cache's file system, removed afterwards. */
export async function withScratch<T>(cache: string, fill: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, ".new-"));
  try {
    return await fill(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes `file` executable and moves it to `name` in the cache; answers its path there. */
export async function keepInCache(cache: string, file: string, name: string): Promise<string> {
  await chmod(file, 0o755);
  const path = join(cache, name);
  await rename(file, path);
  return path;
}

/** Runs `work` while holding the cache's lock; waits while another process does. */
export async function withLock<T>(cache: string, progress: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const lock = `${cache}.lock`;
  await mkdir(dirname(lock), { recursive: true });
  for (let told = false; !(await take(lock)); ) {
    if (await isStale(lock)) {
      await rm(lock, { force: true });
      continue;
    }
    if (!told) progress(`another process is fetching them (${lock}); waiting for it`);
    told = true;
    await sleep(200);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(`${process.pid} ${hostname()}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    if (Date.now() - (await stat(lock)).mtimeMs > STALE_MS) return true;
    const [pid, host] = (await readFile(lock, "utf8")).trim().split(" ");
    return host === hostname() && pid !== undefined && !isAlive(Number(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
