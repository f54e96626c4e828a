/**
 * Runs one program in a root filesystem that is a folder, as a container engine would, with nothing but util-linux's
 * `unshare` and `setpriv`, `mount` and `sh`, which every Linux has. Needs root: CAP_SYS_ADMIN to mount, CAP_SETUID and CAP_SETGID.
 */

export interface Bind {
  /** A file or folder of this machine. */
  readonly from: string;
  /** Absolute, in the sandbox; made when it is not there. */
  readonly to: string;
  readonly readOnly: boolean;
}

export interface Sandbox {
  /** Absolute. Never written to, whatever `readOnly` says: what is written is forgotten with the process. */
  readonly rootfs: string;
  /** uid and gid; no other groups. */
  readonly user: number;
  readonly readOnly: boolean;
  /** One may stand below another, or below an empty folder. */
  readonly binds?: readonly Bind[];
  /** Folders that are empty at the start and writable for everyone, as an emptyDir is. */
  readonly emptyDirs?: readonly string[];
  readonly workdir: string;
  /** All that the program gets: nothing of this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The program's path is absolute, in the sandbox. */
  readonly argv: readonly string[];
}

export interface SandboxCommand {
  readonly command: string;
  readonly args: string[];
  /** For `spawn`'s `env`. */
  readonly env: Record<string, string>;
}

/**
 * What to `spawn`. The program has a process tree of its own and this machine's network, `/proc`, a `/dev` of five devices, and
 * no way to gain privileges. SIGTERM, SIGINT and SIGHUP to the spawned process reach it; the exit code is its own, 128 + N
 * after signal N. When the spawned process or its parent dies, everything in the sandbox dies.
 */
export function sandboxCommand(sandbox: Sandbox): SandboxCommand {
  const { rootfs, user, readOnly, binds = [], emptyDirs = [], workdir, env, argv } = sandbox;
  const depth = (path: string): number => path.split("/").length;
  const mounts = [
    ...binds.map(({ from, to, readOnly: fixed }) => [fixed ? "ro" : "rw", from, to] as const),
    ...emptyDirs.map((to) => ["empty", "-", to] as const),
  ].toSorted(([, , a], [, , b]) => depth(a) - depth(b));
  return {
    command: "/usr/bin/setpriv",
    args: [
      ...["--pdeathsig", "KILL", "/usr/bin/unshare", "--mount", "--ipc", "--propagation", "private"],
      ...["/bin/sh", "-euc", prepare, "sandbox", supervisor, first, rootfs, readOnly ? "ro" : "rw"],
      ...[String(mounts.length), ...mounts.flat(), String(user), workdir, ...argv],
    ],
    env: { ...env },
  };
}

/**
 * Mounts. The sandbox's root is an overlay on the folder, so that mount points can be made in it; it stands below /sys, hidden for
 * this process alone, because nobody's files do. The program's own PATH is kept in $1 from here on.
 */
const prepare = `
own_path=\${PATH-}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
supervisor=$1 first=$2 rootfs=$3 mode=$4 count=$5
shift 5
exec 3<&0
root=/sys/root
cd "$rootfs"
mount -t tmpfs -o mode=755 sandbox /sys
mkdir /sys/upper /sys/work $root
mount -t overlay -o nosuid,nodev,lowerdir=.,upperdir=/sys/upper,workdir=/sys/work sandbox $root
cd /
at() {
  to=$(readlink -m "$root$1")
  case $to in $root/*) ;; *) echo "sandbox: $1 leads out of the root filesystem through a link" >&2; exit 125 ;; esac
}
attach() {
  at "$2"
  if [ -d "$1" ]; then mkdir -p "$to"; else mkdir -p "\${to%/*}"; [ -e "$to" ] || : >"$to"; fi
  mount --bind -o "$3" "$1" "$to"
}
at /proc && mkdir -p "$to"
at /dev && mkdir -p "$to" && mount -t tmpfs -o mode=755,nosuid,noexec sandbox "$to"
for name in null zero full random urandom; do attach /dev/$name /dev/$name rw,nosuid,noexec; done
mount -o remount,ro,nosuid,noexec $root/dev
while [ "$count" -gt 0 ]; do
  case $1 in
    empty) at "$3" && mkdir -p "$to" && mount -t tmpfs -o mode=1777,nosuid,nodev sandbox "$to" ;;
    *) attach "$2" "$3" "$1,nosuid,nodev" ;;
  esac
  shift 3
  count=$((count - 1))
done
mount -o "remount,bind,$mode,nosuid,nodev" $root
exec unshare --pid /bin/sh -euc "$supervisor" sandbox "$first" "$own_path" "$@"`;

/** Waits for $child and passes signals on to it. A trap ends \`wait\` early, with a code above 128. */
const awaitChild = `
for name in TERM INT HUP; do trap "kill -s $name $child 2>/dev/null || :" $name; done
code=0
wait $child || code=$?
while [ $code -gt 128 ] && kill -0 $child 2>/dev/null; do code=0; wait $child || code=$?; done
exit $code`;

/** The spawned process itself: its first child is the first process of the new process tree. */
const supervisor = `
first=$1
shift
setpriv --pdeathsig KILL /bin/sh -euc "$first" sandbox "$@" &
child=$!
${awaitChild}`;

/**
 * The first process of the new tree stays root's and ends the tree with itself. (The program could not ask to die with its parent:
 * the kernel forgets PR_SET_PDEATHSIG when a process changes its user.)
 */
const first = `
mount -t proc -o nosuid,nodev,noexec proc /sys/root/proc
own_path=$1 user=$2 workdir=$3
unset OLDPWD PWD
shift 3
PATH=$own_path /usr/bin/setpriv --no-new-privs --inh-caps=-all \\
  /usr/bin/unshare --root=/sys/root --wd="$workdir" --setgid="$user" --setuid="$user" "$@" <&3 3<&- &
child=$!
${awaitChild}`;
