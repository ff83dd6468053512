import { invalid } from "../../lib/index.ts";
import type { WaitCondition } from "../engine.ts";
import { type Container, type ContainerExit, isRunning } from "./container.ts";

export interface WaitResult {
  StatusCode: number;
}

/** Registers a wait; the promise settles when the condition holds. Throws "invalid" for an unknown condition. */
export async function waitContainer(container: Container, condition: WaitCondition): Promise<WaitResult> {
  return toResult(await exitOf(container, condition));
}

function exitOf(container: Container, condition: WaitCondition): Promise<ContainerExit> {
  switch (condition) {
    case "removed":
      return container.removed.promise;
    case "next-exit":
      return container.exit.promise;
    case "not-running":
      // A run that has ended, but is still taken down, is over only once that is done.
      if (isRunning(container) || container.run !== undefined) return container.exit.promise;
      return Promise.resolve({ exitCode: container.state.exitCode });
    default:
      throw invalid(`invalid condition: ${JSON.stringify(condition)}`);
  }
}

function toResult({ exitCode }: ContainerExit): WaitResult {
  return { StatusCode: exitCode };
}
