import { NEVER } from "../../../store/records/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { startContainer } from "../start-container.ts";
import { type Awaited, planStartOrder } from "./start-order.ts";

/**
 * Starts containers in the background, all at once but for those of a Compose project that depend on others: these wait
 * as their dependencies' conditions say. One whose dependency fails is started all the same, with a warning: its restart
 * policy wants it to run, and nobody else would start it later.
 */
export function startInOrder(context: ContainersContext, containers: readonly Container[]): void {
  const order = planStartOrder(
    [...context.registry.all()].map(({ id, record }) => ({ id, labels: record.config.Labels ?? {} })),
  );
  const starts = new Map<string, Promise<void>>();
  const startOne = (container: Container): Promise<void> => {
    const begun = starts.get(container.id);
    if (begun !== undefined) return begun;
    const start = (async () => {
      for (const awaited of order.get(container.id) ?? []) await dependency(container, awaited);
      await startContainer(context, container);
    })();
    starts.set(container.id, start);
    return start;
  };
  const wanted = new Set(containers);
  const dependency = async (container: Container, { id, condition }: Awaited) => {
    const other = context.registry.get(id);
    if (other === undefined) return;
    const failed = (why: string) =>
      context.warn(`container ${container.record.name} starts although ${other.record.name}, its dependency, ${why}`);
    try {
      if (wanted.has(other)) await startOne(other);
    } catch {
      return failed("could not be started"); // that start has its own warning
    }
    if (condition === "service_healthy" && !(await isHealthy(context, other))) failed("is not healthy");
    if (condition === "service_completed_successfully" && !(await hasCompleted(other)))
      failed("has not ended with success");
  };
  for (const container of containers)
    context.background(`start of container ${container.id}`, () => startOne(container));
}

/** Resolves when its health is decided; a container without checks, or one that has ended, never is healthy. */
function isHealthy(context: ContainersContext, container: Container): Promise<boolean> {
  return new Promise((resolve) => {
    const decide = () => {
      const { status, health } = container.state;
      const decided = status !== "running" || health === undefined || health.status !== "starting";
      if (!decided) return;
      ignore();
      resolve(status === "running" && health?.status === "healthy");
    };
    const ignore = context.bus.listen(({ Type: type, Actor: actor }) => {
      if (type === "container" && actor.ID === container.id) decide();
    });
    decide();
  });
}

async function hasCompleted(container: Container): Promise<boolean> {
  if (container.run !== undefined) return (await container.exit.wait()).exitCode === 0;
  return container.state.exitCode === 0 && container.state.startedAt !== NEVER;
}
