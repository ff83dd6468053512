import type { Readable } from "node:stream";
import { createDemuxer } from "../../../lib/index.ts";
import type { RunningHandle, Runtime } from "../../../runtime/index.ts";
import type { ShellTerminal, Step, StepEnd } from "./step.ts";

/** Starts a step's process and follows it to its end. An aborted signal kills all of it. */
export async function supervise(runtime: Runtime, handle: RunningHandle, step: Step): Promise<StepEnd> {
  const input = step.stdin !== undefined;
  const attachment = await runtime.attach(handle, { stdin: input, stdout: true, stderr: true });
  const output = forward(attachment.output, step.onOutput);
  try {
    return await killedBy(step.signal, runtime, handle, async () => {
      await runtime.start(handle);
      if (input) attachment.input?.end(Buffer.from(step.stdin ?? []));
      const exit = await runtime.onExit(handle);
      await output;
      return { exitCode: exit.exitCode, oomKilled: exit.oomKilled };
    });
  } finally {
    attachment.destroy();
    await output.catch(() => {});
  }
}

async function forward(output: Readable, onOutput: Step["onOutput"]): Promise<void> {
  let pending: Promise<void>[] = [];
  const demuxer = createDemuxer((stream, bytes) => {
    const waits = onOutput(stream === 2 ? 2 : 1, Buffer.from(bytes));
    if (waits !== undefined) pending.push(waits);
  });
  for await (const chunk of output) {
    demuxer.write(chunk as Buffer);
    await Promise.all(pending);
    pending = [];
  }
}

/** The same with a terminal that the client sits at. */
export async function superviseShell(
  runtime: Runtime,
  handle: RunningHandle,
  terminal: ShellTerminal,
  signal: AbortSignal,
): Promise<StepEnd> {
  const attachment = await runtime.attach(handle, { stdin: true, stdout: true, stderr: true });
  const output = (async () => {
    for await (const chunk of attachment.output) await terminal.output(chunk as Buffer);
  })();
  const stopResizing = terminal.onResize((size) => void runtime.resize(handle, size).catch(() => {}));
  try {
    return await killedBy(signal, runtime, handle, async () => {
      await runtime.start(handle);
      void typeInto(attachment.input, terminal.input, () => runtime.killAll(handle)).catch(() => {});
      const exit = await runtime.onExit(handle);
      await output;
      return { exitCode: exit.exitCode, oomKilled: exit.oomKilled };
    });
  } finally {
    stopResizing();
    attachment.destroy();
    await output.catch(() => {});
  }
}

/** A client whose input ends has gone: nobody could end the shell any more. */
async function typeInto(
  input: NodeJS.WritableStream | undefined,
  typed: AsyncIterable<Uint8Array>,
  gone: () => Promise<void>,
): Promise<void> {
  for await (const bytes of typed)
    if (input?.write(bytes) === false) await new Promise((resolve) => input.once("drain", resolve));
  await gone();
}

async function killedBy<T>(
  signal: AbortSignal,
  runtime: Runtime,
  handle: RunningHandle,
  work: () => Promise<T>,
): Promise<T> {
  const kill = () => void runtime.killAll(handle).catch(() => {});
  signal.addEventListener("abort", kill);
  try {
    signal.throwIfAborted();
    const result = await work();
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}
