import { apiPath, type EngineClient } from "../../../api/client/index.ts";
import { messageOf } from "../../../lib/index.ts";
import type { ContainerWaitResponse } from "../../../spec/api/index.ts";
import type { Context } from "../../core/context.ts";

/**
 * Registers a wait for the container's next end. Resolves when the daemon has taken it (its header has come); then the
 * container may be started without missing its end. `status` is its exit code, or 125 where waiting failed, which
 * is printed.
 */
export async function registerWait(
  context: Context,
  id: string,
  condition: "next-exit" | "removed" | "not-running",
): Promise<{ status: Promise<number> }> {
  const response = await context.client.request("POST", apiPath`/containers/${id}/wait`, { query: { condition } });
  return { status: readStatus(context, response) };
}

async function readStatus(context: Context, response: Awaited<ReturnType<EngineClient["request"]>>): Promise<number> {
  try {
    const result = JSON.parse(await response.body.text()) as ContainerWaitResponse;
    if (result.Error?.Message === undefined || result.Error.Message === "") return result.StatusCode;
    context.err.write(`Error waiting for container: ${result.Error.Message}\n`);
  } catch (error) {
    context.err.write(`Error waiting for container: ${messageOf(error)}\n`);
  }
  return 125;
}
