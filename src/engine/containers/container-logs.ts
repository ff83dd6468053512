import { PassThrough, type Readable } from "node:stream";
import { BerthError, invalid } from "../../lib/index.ts";
import { readLogs } from "../../runtime/index.ts";
import type { LogsOptions } from "../engine.ts";
import type { Container } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { logFileOf } from "./start/launch.ts";

/** GET /containers/{id}/logs. Throws "invalid" where no stream is asked for, "not-implemented" with the driver "none". */
export function containerLogs(
  context: ContainersContext,
  container: Container,
  options: LogsOptions,
  signal: AbortSignal,
): { tty: boolean; output: Readable } {
  if (!options.stdout && !options.stderr) throw invalid("Bad parameters: you must choose at least one stream");
  if (logFileOf(context, container) === undefined) {
    throw new BerthError("not-implemented", "configured logging driver does not support reading");
  }
  return { tty: container.record.config.Tty === true, output: readContainerLog(context, container, options, signal) };
}

/** The bytes of the log, framed as an attached session's; empty where none is kept. */
export function readContainerLog(
  context: ContainersContext,
  container: Container,
  options: LogsOptions,
  signal: AbortSignal,
): Readable {
  const log = logFileOf(context, container);
  if (log === undefined) return new PassThrough().end();
  const { details, ...rest } = options;
  const ended = container.run?.exited.wait(signal);
  return readLogs(
    {
      ...rest,
      path: log.path,
      tty: container.record.config.Tty === true,
      ...(details ? { prefix: detailsOf(container) } : {}),
      ...(ended === undefined ? {} : { ended }),
    },
    signal,
  );
}

/** What `--details` shows: the labels and variables that the log options name. */
function detailsOf(container: Container): string {
  const { config, hostConfig } = container.record;
  const { labels = "", env = "" } = hostConfig.LogConfig?.Config ?? {};
  const names = (text: string) => text.split(",").filter((name) => name !== "");
  const found: string[] = [];
  for (const name of names(labels)) {
    const value = config.Labels?.[name];
    if (value !== undefined) found.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  for (const name of names(env)) {
    const entry = config.Env?.find((candidate) => candidate.startsWith(`${name}=`));
    if (entry !== undefined)
      found.push(`${encodeURIComponent(name)}=${encodeURIComponent(entry.slice(name.length + 1))}`);
  }
  return `${found.sort().join(",")} `;
}
