import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { declare } from "../../system/index.ts";

const accessMode = 3;
const POLLERR = 8;
const poll = declare("int poll(_Inout_ void *requests, unsigned long count, int timeout)");

/**
 * Tells whether a process still has its stdin open, by the pipe that its monitor writes to: the only pipe that conmon has
 * open for writing. True also where that cannot be told.
 */
export function stdinReaders(monitorPid: number): () => boolean {
  let path: string | undefined;
  return () => {
    path ??= writtenPipe(monitorPid);
    return path === undefined || hasReader(path);
  };
}

function writtenPipe(pid: number): string | undefined {
  try {
    const name = readdirSync(`/proc/${pid}/fd`).find(
      (fd) => Number(fd) > 2 && readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("pipe:") && isWritten(pid, fd),
    );
    return name === undefined ? undefined : `/proc/${pid}/fd/${name}`;
  } catch {
    return undefined; // it has ended, or closed one just now
  }
}

function isWritten(pid: number, fd: string): boolean {
  const [, flags = "0"] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1")) ?? [];
  return (Number.parseInt(flags, 8) & accessMode) === constants.O_WRONLY;
}

/** A pipe that nobody has open for reading any more polls as an error. */
function hasReader(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return true; // the monitor has closed it, or has ended
  }
  try {
    return (pollErrors(fd) & POLLERR) === 0;
  } finally {
    closeSync(fd);
  }
}

/** What poll(2) says at once of a descriptor that it is asked nothing about: errors alone. */
function pollErrors(fd: number): number {
  const request = Buffer.alloc(8); // struct pollfd: int fd, short events, short revents
  request.writeInt32LE(fd, 0);
  poll(request, 1, 0);
  return request.readInt16LE(6);
}
