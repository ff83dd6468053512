import { BerthError, conflict } from "../../../lib/index.ts";
import type { Container } from "../container.ts";

/** How long one without a health check has to be up, in milliseconds. */
const STEADY_MS = 1000;
const LOOK_MS = 25;

/**
 * Resolves when a container that was just started is healthy; one without health check when it has been up for a second,
 * or has ended well. Rejects "conflict" where it ends otherwise, restarts or is unhealthy, "timeout" after so many seconds.
 */
export async function awaitWell(
  container: Container,
  { timeout, signal }: { timeout: number; signal: AbortSignal },
): Promise<void> {
  const start = Date.now();
  for (;;) {
    const { state } = container;
    const waited = Date.now() - start;
    if (container.phase !== "kept") throw conflict("it was removed");
    if (state.status === "restarting" || state.restartCount > 0) throw conflict(`it ended with code ${state.exitCode}`);
    if (state.status === "exited" || state.status === "dead") {
      if (state.exitCode === 0 && state.health === undefined) return;
      throw conflict(`it ended with code ${state.exitCode}${state.error === "" ? "" : `: ${state.error}`}`);
    }
    if (state.health === undefined && waited >= Math.min(STEADY_MS, timeout * 1000)) return;
    if (state.health?.status === "healthy") return;
    if (state.health?.status === "unhealthy") throw conflict("it is unhealthy");
    if (waited >= timeout * 1000) throw new BerthError("timeout", `it was not healthy within ${timeout} seconds`);
    if (signal.aborted) throw new BerthError("cancelled", "the client has gone");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
