import type { PassThrough } from "node:stream";
import type { AttachOptions, AttachSession } from "../engine.ts";
import { openSession } from "./attach/attach-session.ts";
import { parseDetachKeys } from "./attach/detach-keys.ts";
import type { Container } from "./container.ts";
import { readContainerLog } from "./container-logs.ts";
import { type ContainersContext, emitContainer, subjectOf } from "./context.ts";
import { checkAttach } from "./transitions.ts";

/** POST /containers/{id}/attach. Where nothing runs, the session waits for the next start. */
export async function attachContainer(
  context: ContainersContext,
  container: Container,
  ref: string,
  options: AttachOptions,
): Promise<AttachSession> {
  checkAttach(subjectOf(container), ref);
  const { Tty: tty = false, OpenStdin: openStdin = false, StdinOnce: once = false } = container.record.config;
  const keys = parseDetachKeys(options.detachKeys);
  const session = openSession({
    tty,
    streams: { stdin: options.stdin && openStdin, stdout: options.stdout, stderr: options.stderr },
    // A client's stream that ends the container's stdin with its own is data, not typing.
    detachKeys: options.stdin && (tty || !once) ? keys : undefined,
    onDetach: () => emitContainer(context, container, "detach"),
  });
  if (!options.stream) {
    if (options.logs) pipeLogs(context, container, options, session.output as PassThrough);
    else session.end();
    return session;
  }
  const { run } = container;
  if (run === undefined) {
    container.attachers.add(session);
    session.output.on("close", () => container.attachers.delete(session));
  } else {
    const streams = { stdin: options.stdin && openStdin, stdout: options.stdout, stderr: options.stderr };
    const attachment = await context.runtime.attach(run.handle, streams);
    const past = options.logs
      ? readContainerLog(context, container, logOptions(options), new AbortController().signal)
      : undefined;
    session.join(attachment, past);
  }
  emitContainer(context, container, "attach");
  return session;
}

const logOptions = ({ stdout, stderr }: AttachOptions) => ({
  follow: false,
  stdout,
  stderr,
  timestamps: false,
  details: false,
});

function pipeLogs(context: ContainersContext, container: Container, options: AttachOptions, output: PassThrough): void {
  const abort = new AbortController();
  const log = readContainerLog(context, container, logOptions(options), abort.signal);
  output.on("close", () => abort.abort());
  log.on("error", () => output.end());
  log.pipe(output);
}
