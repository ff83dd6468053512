import { messageOf } from "../../../lib/index.ts";
import type { RunningHandle } from "../../../runtime/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";

/** Joins those who attached before the start; done before the process runs, so that they miss nothing. */
export async function connectAttachers(
  context: ContainersContext,
  container: Container,
  handle: RunningHandle,
): Promise<void> {
  const waiting = [...container.attachers];
  container.attachers.clear();
  for (const attacher of waiting) {
    try {
      await attacher.connect((streams) => context.runtime.attach(handle, streams));
    } catch (error) {
      context.warn(`attach to container ${container.id}: ${messageOf(error)}`);
      attacher.end();
    }
  }
}

/** Tells those who wait for a start that none will come. */
export function endAttachers(container: Container): void {
  for (const attacher of container.attachers) attacher.end();
  container.attachers.clear();
}
