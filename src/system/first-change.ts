import type { Socket } from "node:net";
import { adoptDescriptor } from "./adopt-descriptor.ts";
import { cstring } from "./cstring.ts";
import { check, declare } from "./ffi.ts";

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
const IN_MODIFY = 0x2;
const IN_ONESHOT = 0x8000_0000;
const eventHeader = 16;

const inotifyInit = declare("int inotify_init1(int flags)");
const inotifyAdd = declare("int inotify_add_watch(int fd, const void *path, uint32_t mask)");

/**
 * Tells when files are written for the first time from now on, and then no more: a file that is never written costs
 * nothing, and one that is written all the time costs one event. One descriptor for all of them.
 */
export interface FirstChange {
  /** Calls once when the file is written, or removed. False where it cannot be watched (no file, no watches left). */
  watch(path: string, call: () => void): boolean;
  close(): void;
}

export function createFirstChange(): FirstChange {
  const calls = new Map<number, () => void>();
  let fd = -1;
  let stream: Socket | undefined;
  const open = () => {
    fd = check("inotify_init1", inotifyInit(IN_NONBLOCK | IN_CLOEXEC));
    stream = adoptDescriptor(fd);
    stream.on("data", (events: Buffer) => {
      for (const watch of watchesOf(events)) {
        const call = calls.get(watch);
        calls.delete(watch);
        call?.();
      }
    });
    stream.on("error", () => {});
    stream.unref();
  };
  return {
    watch(path, call) {
      if (stream === undefined) open();
      const watch = inotifyAdd(fd, cstring(path), IN_MODIFY | IN_ONESHOT);
      if (watch < 0) return false;
      calls.set(watch, call);
      return true;
    },
    close() {
      calls.clear();
      stream?.destroy();
      stream = undefined;
    },
  };
}

/** The watches that a read's events are about: int wd, then mask, cookie and the length of the name that follows. */
function watchesOf(events: Buffer): number[] {
  const watches: number[] = [];
  for (let at = 0; at + eventHeader <= events.length; at += eventHeader + events.readUInt32LE(at + 12))
    watches.push(events.readInt32LE(at));
  return watches;
}
