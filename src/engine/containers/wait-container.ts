import { invalid } from "../../lib/index.ts";
import type { WaitCondition } from "../engine.ts";
import { type Container, type ContainerExit, isRunning } from "./container.ts";

export interface WaitResult {
  StatusCode: number;
}

/**
 * Registers a wait; the promise settles when the condition holds, and never once the signal is aborted. Throws "invalid"
 * for an unknown condition.
 */
export function waitContainer(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<WaitResult> {
  return exitOf(container, condition, signal).then(toResult);
}

function exitOf(container: Container, condition: WaitCondition, signal: AbortSignal): Promise<ContainerExit> {
  switch (condition) {
    case "removed":
      return container.removed.wait(signal);
    case "next-exit":
      return container.exit.wait(signal);
    case "not-running":
      // A run that has ended, but is still taken down, is over only once that is done.
      if (isRunning(container) || container.run !== undefined) return container.exit.wait(signal);
      return Promise.resolve({ exitCode: container.state.exitCode });
    default:
      throw invalid(`invalid condition: ${JSON.stringify(condition)}`);
  }
}

function toResult({ exitCode }: ContainerExit): WaitResult {
  return { StatusCode: exitCode };
}
