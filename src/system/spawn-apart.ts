import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { adoptDescriptor } from "./adopt-descriptor.ts";
import { cstring } from "./cstring.ts";
import { check, declare, SyscallError } from "./ffi.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_RDWR = 2;
const WNOHANG = 1;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
/** glibc's posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t are smaller than this. */
const opaque = 512;
/** Descriptors that a child's are copied from lie above those that they are copied to. */
const above = 16;

const spawn = declare(
  "int posix_spawn(_Out_ int *pid, const void *path, const void *actions, const void *attributes, const char **argv, const char **envp)",
);
const actionsInit = declare("int posix_spawn_file_actions_init(void *actions)");
const actionsDestroy = declare("int posix_spawn_file_actions_destroy(void *actions)");
const addOpen = declare(
  "int posix_spawn_file_actions_addopen(void *actions, int fd, const void *path, int flags, int mode)",
);
const addDup = declare("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)");
const addChdir = declare("int posix_spawn_file_actions_addchdir_np(void *actions, const void *path)");
const attributesInit = declare("int posix_spawnattr_init(void *attributes)");
const attributesDestroy = declare("int posix_spawnattr_destroy(void *attributes)");
const setFlags = declare("int posix_spawnattr_setflags(void *attributes, short flags)");
const setDefault = declare("int posix_spawnattr_setsigdefault(void *attributes, const void *signals)");
const setMask = declare("int posix_spawnattr_setsigmask(void *attributes, const void *signals)");
const socketpair = declare("int socketpair(int domain, int type, int protocol, _Out_ int *fds)");
const fcntl = declare("int fcntl(int fd, int command, int argument)");
const waitpid = declare("int waitpid(int pid, void *status, int options)");

/** Those not reaped yet: no other process can have such a pid. */
const children = new Set<number>();

export interface SpawnApartOptions {
  cwd: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** How many connections to it there are: its descriptors 3, 4 … 0, 1 and 2 are /dev/null. */
  pipes: number;
}

export interface ChildApart {
  readonly pid: number;
  /** This end of descriptors 3, 4 …, in that order. */
  readonly pipes: Socket[];
}

/**
 * Starts a program in a session of its own, with default signals and no descriptor but its own; resolves when it has been
 * loaded. Unlike Node's spawn it does not copy this process's page tables, which takes milliseconds and makes every later
 * write to memory dearer, and it is a thread of the pool that waits for the loading: on a busy machine a child needs
 * milliseconds to get its turn. The caller calls `reap` once the child has ended. Rejects with a SyscallError where the
 * program cannot be started.
 */
export async function spawnApart(
  program: string,
  args: readonly string[],
  options: SpawnApartOptions,
): Promise<ChildApart> {
  const [actions, attributes] = [Buffer.alloc(opaque), Buffer.alloc(opaque)];
  const [ours, theirs]: [number[], number[]] = [[], []];
  must("posix_spawn_file_actions_init", actionsInit(actions));
  must("posix_spawnattr_init", attributesInit(attributes));
  try {
    for (let index = 0; index < options.pipes; index++) openPair(ours, theirs);
    describe(actions, attributes, options.cwd, theirs);
    const pid = await start(program, args, options.env, actions, attributes);
    return { pid, pipes: ours.splice(0).map((fd) => adoptDescriptor(fd)) };
  } finally {
    for (const fd of [...ours, ...theirs]) closeSync(fd);
    actionsDestroy(actions);
    attributesDestroy(attributes);
  }
}

/** Lets a child of `spawnApart` that has ended go; it stays a zombie until then. Nothing happens for any other process. */
export function reap(pid: number): void {
  if (children.has(pid) && waitpid(pid, null, WNOHANG) !== 0) children.delete(pid);
}

/** These give an error number, where other calls set errno. */
function must(name: string, result: number, path?: string): void {
  if (result !== 0) throw new SyscallError(name, result, path);
}

/** A connection: our end non-blocking, both close-on-exec; the child's end where no descriptor of the child's can be. */
function openPair(ours: number[], theirs: number[]): void {
  const pair = new Int32Array(2);
  check("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  const [mine = -1, other = -1] = pair;
  ours.push(mine);
  try {
    check("fcntl", fcntl(mine, F_SETFL, O_RDWR | SOCK_NONBLOCK));
    theirs.push(check("fcntl", fcntl(other, F_DUPFD_CLOEXEC, above)));
  } finally {
    closeSync(other);
  }
}

function describe(actions: Buffer, attributes: Buffer, cwd: string, theirs: readonly number[]): void {
  must("addopen", addOpen(actions, 0, cstring("/dev/null"), O_RDWR, 0));
  must("adddup2", addDup(actions, 0, 1));
  must("adddup2", addDup(actions, 0, 2));
  for (const [index, fd] of theirs.entries()) must("adddup2", addDup(actions, fd, 3 + index));
  must("addchdir", addChdir(actions, cstring(cwd)));
  // Bits, not sigfillset(): that leaves out two of glibc's own, which posix_spawn would then have the child ignore.
  must("setsigdefault", setDefault(attributes, Buffer.alloc(opaque, 0xff)));
  must("setsigmask", setMask(attributes, Buffer.alloc(opaque)));
  must("setflags", setFlags(attributes, SETSIGDEF | SETSIGMASK | SETSID));
}

function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  actions: Buffer,
  attributes: Buffer,
): Promise<number> {
  const pid = new Int32Array(1);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const given = [cstring(program), actions, attributes, [program, ...args, null], [...variables, null]];
  return new Promise((resolve, reject) => {
    spawn.async(pid, ...given, (error: Error | null, result: number) => {
      if (error !== null) return reject(error);
      if (result !== 0) return reject(new SyscallError("posix_spawn", result, program));
      const [child = 0] = pid;
      children.add(child);
      resolve(child);
    });
  });
}
