import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { declare } from "./ffi.ts";

let collect: (() => void) | undefined;

const trim = declare("int malloc_trim(size_t pad)");

/**
 * Gives the kernel back what this process holds and does not use: collects garbage, whose buffers V8 leaves lying
 * while nothing is allocated, then has malloc return its free pages (it keeps them in each thread's arena, also after
 * the thread has ended). Some 20 ms of the calling thread: for an idle moment after work that moved much data.
 */
export function giveBackMemory(): void {
  collect ??= exposeCollector();
  collect();
  collect(); // the first one frees buffers on another thread, which this one waits for
  trim(0);
}

function exposeCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
