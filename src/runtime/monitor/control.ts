import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createKeyedQueue } from "../../lib/index.ts";
import { codeOf, declare } from "../../system/index.ts";
import { monitorFiles } from "./arguments.ts";

const FIONREAD = 0x541b;
const ioctl = declare("int ioctl(int fd, unsigned long request, _Out_ int *result)");

const queue = createKeyedQueue();

/** Sets the size of the terminal. Does nothing where the monitor is gone. */
export async function setWindowSize(folder: string, size: { height: number; width: number }): Promise<void> {
  // Straight to `winsz`: of two sizes that meet on the way from `ctl` to there, conmon 2.1.6 takes the first one twice.
  await send(join(folder, monitorFiles.windowSize), `${size.height} ${size.width}\n`);
}

/** Makes conmon begin a new log file at its path. False where the monitor is gone. */
export function reopenLog(folder: string): Promise<boolean> {
  return send(join(folder, monitorFiles.control), "2 0 0\n", 0);
}

/**
 * Writes a line once the one before it was read: conmon 2.1.6 reads all that there is and looks at the first line only.
 * Where that is not read in `patience` milliseconds, what stands there has to do.
 */
function send(fifo: string, line: string, patience = 1000): Promise<boolean> {
  return queue(fifo, async () => {
    const fd = openFifo(fifo);
    if (fd === undefined) return false;
    try {
      const deadline = Date.now() + patience;
      while (unread(fd) > 0) {
        if (Date.now() >= deadline) return true;
        await delay(2);
      }
      writeSync(fd, line);
      return true;
    } catch (error) {
      if (codeOf(error) === "EPIPE" || codeOf(error) === "EAGAIN") return false;
      throw error;
    } finally {
      closeSync(fd);
    }
  });
}

function openFifo(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENXIO" || codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function unread(fd: number): number {
  const count = new Int32Array(1);
  return ioctl(fd, FIONREAD, count) < 0 ? 0 : (count[0] ?? 0);
}
