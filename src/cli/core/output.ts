import { writeSync } from "node:fs";

/** Where a command prints. Writes are complete when the call returns, so a process may end right after. */
export interface Output {
  readonly fd: number;
  write(data: string | Uint8Array): void;
}

const waiting = new Int32Array(new SharedArrayBuffer(4));

/** Writes to a file descriptor of this process. A reader that has gone away ends the process, as SIGPIPE would. */
export function createOutput(fd: number): Output {
  return {
    fd,
    write(data) {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      let offset = 0;
      while (offset < bytes.length) offset += writeSome(fd, bytes, offset);
    },
  };
}

function writeSome(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return writeSync(fd, bytes, offset, bytes.length - offset);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Another process that shares the terminal or pipe may have made it non-blocking.
    if (code === "EAGAIN") Atomics.wait(waiting, 0, 0, 2);
    else if (code === "EPIPE") process.exit(141);
    else if (code !== "EINTR") throw error;
    return 0;
  }
}
