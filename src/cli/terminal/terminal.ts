import { builtin } from "../core/builtin.ts";

/** Whether the descriptor is a terminal. */
export const isTerminal = (fd: number): boolean => builtin.isatty(fd);

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Size of the terminal on standard output; 0 by 0 without one. */
export function terminalSize(): Size {
  if (!builtin.isatty(1)) return { height: 0, width: 0 };
  const [width = 0, height = 0] = process.stdout.getWindowSize?.() ?? [];
  return { height, width };
}

/**
 * Puts a terminal in raw mode, its output too, and gives what puts it back. Nothing happens to what is no terminal.
 */
export function rawMode(input: NodeJS.ReadStream): () => void {
  if (!input.isTTY) return () => undefined;
  input.setRawMode(true);
  // Node's raw mode goes on turning newlines of the output into return and newline; the process's own terminal has done so.
  builtin.childProcess.spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  let done = false;
  return () => {
    if (done) return;
    done = true;
    input.setRawMode(false);
  };
}
