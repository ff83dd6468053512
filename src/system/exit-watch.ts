import { deferred } from "../lib/index.ts";
import { adoptDescriptor } from "./adopt-descriptor.ts";
import { openPidfd } from "./process.ts";

/** The end of one process, told by the kernel: no polling, no thread. */
export interface ExitWatch {
  /** Resolves when the process has ended; at once where it already has. Never rejects. */
  readonly ended: Promise<void>;
  /** Gives the descriptor back; `ended` then stays pending unless it had resolved. */
  close(): void;
}

/**
 * Watches the process that `pid` and its start time name, a child or not. One descriptor while it lives. It does not
 * keep the event loop alive. Throws a SyscallError where no pidfd can be had (EMFILE).
 */
export function watchExit(pid: number, startTime: number): ExitWatch {
  const { promise: ended, resolve } = deferred();
  const fd = openPidfd(pid, startTime);
  if (fd === undefined) {
    resolve();
    return { ended, close: () => {} };
  }
  const socket = adoptDescriptor(fd);
  // A pidfd has no content: once it is readable, reading fails with EINVAL, and that is the message.
  const over = () => {
    socket.destroy();
    resolve();
  };
  socket.once("error", over);
  socket.once("end", over);
  socket.resume();
  socket.unref();
  return {
    ended,
    close() {
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.destroy();
    },
  };
}
