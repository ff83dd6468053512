import { apiPath } from "../../../api/client/index.ts";
import { messageOf } from "../../../lib/index.ts";
import type { ContainerWaitResponse } from "../../../spec/api/index.ts";
import type { Context } from "../../core/context.ts";

/** A registered wait for a container's end. */
export interface ExitWait {
  /** Resolves, and never rejects, when the wait is over in whatever way. */
  readonly over: Promise<void>;
  /** The container's exit code, or 125 where waiting failed, which is printed. */
  status(): Promise<number>;
}

/**
 * Registers a wait for the container's next end. Resolves when the daemon has taken it (its header has come): then the
 * container may be started without missing its end.
 */
export async function registerWait(
  context: Context,
  id: string,
  condition: "next-exit" | "removed" | "not-running",
): Promise<ExitWait> {
  const response = await context.client.request("POST", apiPath`/containers/${id}/wait`, { query: { condition } });
  const result = response.body.text().then((text) => JSON.parse(text) as ContainerWaitResponse);
  const over = result.then(
    () => undefined,
    () => undefined,
  );
  return { over, status: () => readStatus(context, result) };
}

async function readStatus(context: Context, result: Promise<ContainerWaitResponse>): Promise<number> {
  try {
    const { Error: failure, StatusCode } = await result;
    if (failure?.Message === undefined || failure.Message === "") return StatusCode;
    context.err.write(`Error waiting for container: ${failure.Message}\n`);
  } catch (error) {
    context.err.write(`Error waiting for container: ${messageOf(error)}\n`);
  }
  return 125;
}
