import { humanSize } from "../../lib/index.ts";
import type { Progress } from "../engine.ts";

/** Bytes and milliseconds between two messages about the same layer; the last one always comes. */
const byteStep = 512 * 1024;
const timeStep = 100;

/** Progress of one layer, in Docker's messages: a plain status, or bytes done of all, not too often. */
export interface LayerProgress {
  status(text: string): void;
  bytes(action: string, current: number, total: number): void;
}

/** `id` is how the layer is called in the messages: the first 12 digits of its digest. */
export function createLayerProgress(
  progress: Progress,
  id: string,
  now: () => number = () => performance.now(),
): LayerProgress {
  let last: { action: string; current: number; time: number } | undefined;
  return {
    status: (status) => progress({ status, progressDetail: {}, id }),
    bytes(action, current, total) {
      const step = total > 0 ? Math.min(byteStep, total / 100) : byteStep;
      const early = last !== undefined && (current - last.current < step || now() - last.time < timeStep);
      if (last?.action === action && current !== total && early) return;
      if (last?.action === action && last.current === current) return;
      last = { action, current, time: now() };
      progress({ status: action, progressDetail: { current, total }, progress: progressText(current, total), id });
    },
  };
}

/** The bar and the numbers that older clients print as they are, for a wide terminal, as Docker's daemon writes them. */
export function progressText(current: number, total: number): string {
  if (current <= 0 && total <= 0) return "";
  const done = humanSize(current).padStart(8);
  if (total <= 0) return done;
  const filled = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = `[${"=".repeat(filled)}>${" ".repeat(50 - filled)}] `;
  return bar + (current > total ? done : `${done}/${humanSize(total)}`);
}
