import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BerthError, doing } from "../../lib/index.ts";
import { codeOf, isAlive } from "../../system/index.ts";
import type { RunningHandle } from "../runtime.ts";
import { type DriverContext, runtimeCommand, stateFolder } from "./context.ts";

/** Milliseconds in which an init that waits has answered. */
const patience = 10_000;

/**
 * Lets a created container's process run. For crun and runc this does what their `start` does, without the process: the
 * other end of `exec.fifo` is held by the container's init and by nothing else. Where anything looks different, the
 * runtime's own command decides.
 */
export async function startContainer(context: DriverContext, handle: RunningHandle): Promise<void> {
  const runtime = context.runtime(handle.runtime);
  if (!isAlive(handle.pid, handle.pidStart))
    throw new BerthError("conflict", `cannot start container ${handle.id}: its process has ended`);
  const fifo = join(stateFolder(runtime, handle), "exec.fifo");
  const kind = await context.kind(runtime);
  try {
    if (kind === "crun" && writeFifo(fifo)) return;
    if (kind === "runc" && (await readFifo(fifo, handle))) return;
    await runtimeCommand(runtime, ["start", handle.id]);
  } catch (error) {
    throw doing("failed to start the container's process", error);
  }
}

/** crun: init reads one byte and goes on. False where nobody reads: no byte was written. */
function writeFifo(path: string): boolean {
  const fd = openFifo(path, constants.O_WRONLY);
  if (fd === undefined) return false;
  try {
    unlinkSync(path);
    writeSync(fd, "\0");
    return true;
  } finally {
    closeSync(fd);
  }
}

/** runc: init waits for a reader, writes one byte and goes on. False where it ended without having written. */
async function readFifo(path: string, handle: RunningHandle): Promise<boolean> {
  const fd = openFifo(path, constants.O_RDONLY);
  if (fd === undefined) return false;
  try {
    for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(1)) {
      // First whether it lives, then whether it wrote: a process may be over as soon as it was started.
      const alive = isAlive(handle.pid, handle.pidStart);
      if (readSome(fd)) {
        unlinkSync(path);
        return true;
      }
      if (!alive) return false;
    }
    return false;
  } finally {
    closeSync(fd);
  }
}

function readSome(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return false;
    throw error;
  }
}

function openFifo(path: string, mode: number): number | undefined {
  try {
    const fd = openSync(path, mode | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(fd).isFIFO()) return fd;
    closeSync(fd);
    return undefined;
  } catch (error) {
    if (codeOf(error) === "ENXIO" || codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
