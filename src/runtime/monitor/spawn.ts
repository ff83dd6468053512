import { BerthError } from "../../lib/index.ts";
import {
  type ChildApart,
  markCloseOnExec,
  PROGRAM_DIRS,
  pidStartTime,
  sendSignal,
  spawnApart,
} from "../../system/index.ts";
import { type SyncPipe, syncPipe } from "./sync-pipe.ts";

const SIGKILL = 9;

/** A conmon process that was just started. */
export interface Monitor {
  readonly pid: number;
  readonly start: number;
  readonly sync: SyncPipe;
  /** Only where asked for: resolves when its attach socket is there; and lets it go on once. */
  readonly attachPipe: SyncPipe | undefined;
  go(): void;
  /** SIGKILL, for one that does not answer. */
  kill(): void;
  /** Closes this end of the pipes; the monitor goes on. */
  release(): void;
}

export interface SpawnOptions {
  program: string;
  args: readonly string[];
  /** The monitor's working directory: it leaves the file `oom` there. */
  folder: string;
  /** Short, private: the socket over which a terminal arrives is made there. */
  temporary: string;
  /** The handshake of `--exec-attach`. */
  handshake: boolean;
}

/**
 * Starts conmon. Descriptors of the daemon do not reach it: 0–2 are /dev/null, and it marks the pipes that it is told of
 * close-on-exec itself. Rejects with "not-found" where the program cannot be started. The caller reaps it.
 */
export async function spawnMonitor(options: SpawnOptions): Promise<Monitor> {
  const env: Record<string, string> = {
    PATH: PROGRAM_DIRS.join(":"),
    TZ: "UTC", // for the times in the log
    TMPDIR: options.temporary,
    // conmon 2.1.6 looks at a connection once more after it has freed it: harmless while the memory stays mapped.
    MALLOC_TRIM_THRESHOLD_: String(2 ** 30),
    _OCI_SYNCPIPE: "3",
    ...(options.handshake ? { _OCI_ATTACHPIPE: "4", _OCI_STARTPIPE: "5" } : {}),
  };
  // A monitor lives as long as its container: it would hold open whatever the daemon was started with.
  markCloseOnExec();
  const { pid, pipes } = await start(options, env);
  const [sync, attach, go] = pipes;
  if (sync === undefined) throw new BerthError("internal", "no sync pipe");
  for (const pipe of pipes) pipe.on("error", () => {});
  const started = pidStartTime(pid) ?? 0;
  return {
    pid,
    start: started,
    sync: syncPipe(sync),
    attachPipe: attach === undefined ? undefined : syncPipe(attach),
    go: () => void go?.write("\0"),
    kill: () => void sendSignal(pid, started, SIGKILL),
    release() {
      for (const pipe of pipes) pipe.destroy();
    },
  };
}

async function start(
  { program, args, folder, handshake }: SpawnOptions,
  env: Record<string, string>,
): Promise<ChildApart> {
  try {
    return await spawnApart(program, args, { cwd: folder, env, pipes: handshake ? 3 : 1 });
  } catch (cause) {
    throw new BerthError("not-found", `cannot run ${program}`, { cause });
  }
}
