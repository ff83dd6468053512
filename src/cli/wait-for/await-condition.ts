import { apiPath, encodeFilters, readJsonStream } from "../../api/client/index.ts";
import { createDemuxer } from "../../lib/index.ts";
import { formatUnixTime, parseTimestamp } from "../../lib/text/index.ts";
import type { ContainerInspect, EventMessage } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import type { Condition } from "./condition.ts";
import { createLineSearch } from "./line-search.ts";
import { isListening } from "./listening.ts";

/** Milliseconds between two looks at what nobody tells of. */
const INTERVAL = 100;

const inspect = (context: Context, name: string) =>
  context.client.json<ContainerInspect>("GET", apiPath`/containers/${name}/json`);

const pause = () => new Promise((resolve) => setTimeout(resolve, INTERVAL));

/** Resolves when the condition holds. Throws CliError where it cannot any more, because the container has ended. */
export async function awaitCondition(context: Context, name: string, condition: Condition): Promise<void> {
  if (condition.kind === "healthy") return awaitHealth(context, name);
  if (condition.kind === "log") return awaitLog(context, name, condition.pattern);
  for (;;) {
    const container = await inspect(context, name);
    checkRuns(container, name);
    if (await isListening(container, condition.port)) return;
    await pause();
  }
}

/** A container that its policy starts again counts as running. */
function checkRuns({ State: state }: ContainerInspect, name: string): void {
  if (!state.Running && !state.Restarting)
    throw new CliError(`container ${name} is not running (${state.Status}, exit code ${state.ExitCode})`);
}

/** Events say when to look again; what counts is what inspect says. */
async function awaitHealth(context: Context, name: string): Promise<void> {
  const { Id: id } = await inspect(context, name);
  const filters = encodeFilters(
    new Map([
      ["container", [id]],
      ["event", ["health_status", "die", "destroy"]],
    ]),
  );
  const events = await context.client.request("GET", "/events", { query: { filters } });
  await new Promise<void>((resolve, reject) => {
    const look = () =>
      inspect(context, id).then((container) => {
        const { Health: health } = container.State;
        checkRuns(container, name);
        if (health === undefined || health === null) throw new CliError(`container ${name} has no health check`);
        if (health.Status === "healthy") resolve();
      }, reject);
    const lookSafely = () => void look().catch(reject);
    readJsonStream<EventMessage>(events, lookSafely).then(
      () => reject(new CliError("the daemon ended the stream of events")),
      reject,
    );
    lookSafely();
  });
}

async function awaitLog(context: Context, name: string, pattern: RegExp): Promise<void> {
  const container = await inspect(context, name);
  const began = parseTimestamp(container.State.StartedAt);
  const response = await context.client.request("GET", apiPath`/containers/${container.Id}/logs`, {
    query: { stdout: true, stderr: true, follow: true, since: began > 0n ? formatUnixTime(began) : undefined },
  });
  const searches = [createLineSearch(pattern), createLineSearch(pattern)] as const;
  await new Promise<void>((resolve, reject) => {
    const add = (stream: number, chunk: Uint8Array) => {
      if (searches[stream === 2 ? 1 : 0].add(chunk)) resolve();
    };
    const demuxer = createDemuxer(add);
    const take = (chunk: Uint8Array) => void (container.Config.Tty ? add(1, chunk) : demuxer.write(chunk));
    const over = () => {
      if (searches.some((search) => search.end())) resolve();
      else reject(new CliError(`container ${name} has ended, and no line of its log matches ${pattern.source}`));
    };
    response.body.each(take).then(over, reject);
  });
}
