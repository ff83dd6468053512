import { terminalSize } from "./terminal.ts";

/**
 * Keeps the other side's terminal at the size of this one: now and at every SIGWINCH, through `send`. The first try is
 * repeated a few times, for the process may not have its terminal yet. Gives what ends it.
 */
export function followSize(send: (size: { h: number; w: number }) => Promise<void>): () => void {
  let stopped = false;
  const resize = async (tries: number): Promise<void> => {
    const { height, width } = terminalSize();
    if (stopped || (height === 0 && width === 0)) return;
    try {
      await send({ h: height, w: width });
    } catch {
      if (tries > 1) setTimeout(() => void resize(tries - 1), 10 * (11 - tries));
    }
  };
  const onChange = () => void resize(1);
  process.on("SIGWINCH", onChange);
  void resize(10);
  return () => {
    stopped = true;
    process.off("SIGWINCH", onChange);
  };
}
