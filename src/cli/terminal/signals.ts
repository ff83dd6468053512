import { builtin } from "../core/builtin.ts";

/** Signals that are never passed on: those of this process's own life, and the window's, which goes another way. */
const KEPT = new Set([
  "SIGCHLD",
  "SIGPIPE",
  "SIGKILL",
  "SIGSTOP",
  "SIGURG",
  "SIGWINCH",
  "SIGPROF",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGIOT",
  "SIGSYS",
  "SIGVTALRM",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGPOLL",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
  "SIGUNUSED",
]);

/** Calls `forward` for every signal that this process gets and that a contained process may want. Gives what ends it. */
export function forwardSignals(forward: (signal: string) => void): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [];
  for (const name of builtin.signals) {
    if (KEPT.has(name)) continue;
    const handler = () => forward(name);
    try {
      process.on(name, handler);
      handlers.push([name, handler]);
    } catch {
      // A signal that this platform does not let a program catch.
    }
  }
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}
