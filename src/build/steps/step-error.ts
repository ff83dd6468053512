import { BerthError, kindOf, messageOf } from "../../lib/index.ts";
import type { Vertex } from "../graph/index.ts";

/** A step that failed: which, where in which file, and with what exit code if it was a command. */
export class StepError extends BerthError {
  readonly vertex: Vertex;
  readonly command: readonly string[] | undefined;
  readonly stepExitCode: number | undefined;

  constructor(vertex: Vertex, cause: unknown, exit?: { command: readonly string[]; code: number }) {
    super(exit === undefined ? kindOf(cause) : "invalid", messageOf(cause), { cause });
    this.name = "StepError";
    this.vertex = vertex;
    this.command = exit?.command;
    this.stepExitCode = exit?.code;
  }
}

/** BuildKit's words for a command that failed. */
export const exitText = (command: readonly string[], code: number, oomKilled: boolean) =>
  `process "${command.join(" ")}" did not complete successfully: exit code: ${code}${oomKilled ? " (out of memory)" : ""}`;
