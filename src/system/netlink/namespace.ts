import { openSync } from "node:fs";
import { check, declare } from "../ffi.ts";

const CLONE_NEWNET = 0x40000000;
const setns = declare("int setns(int fd, int type)");

let home: number | undefined;

/** Opens the network namespace of a process. The caller closes it. Throws where the process has ended. */
export function openNetworkNamespace(pid: number): number {
  return openSync(`/proc/${pid}/ns/net`, "r");
}

/**
 * Does synchronous work inside another network namespace. Nothing else runs on the thread meanwhile, and the way back is
 * certain: a daemon that cannot return to its own network ends, because whatever it did next would be done elsewhere.
 */
export function inNetworkNamespace<T>(fd: number, work: () => T): T {
  home ??= openSync("/proc/self/ns/net", "r");
  check("setns", setns(fd, CLONE_NEWNET), "network namespace");
  try {
    return work();
  } finally {
    if (setns(home, CLONE_NEWNET) !== 0) process.abort();
  }
}
