import { apiPath, type HttpResponse } from "../../../api/client/index.ts";
import { messageOf } from "../../../lib/index.ts";
import type { ContainerCreateBody } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command, type Invocation } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { CONTAINER_FLAGS } from "../../run-options/container-flags.ts";
import { createBody } from "../../run-options/create-body.ts";
import { proxyVariables } from "../../run-options/proxies.ts";
import { checkTty, detachKeys, openAttach } from "./attach-stream.ts";
import { checkPull, createContainer } from "./create-container.ts";
import { registerWait } from "./wait-exit.ts";

const FLAGS = {
  ...CONTAINER_FLAGS,
  detach: flag.bool("Run container in background and print container ID", { short: "d" }),
  "detach-keys": flag.string("Override the key sequence for detaching a container"),
  "sig-proxy": flag.bool("Proxy received signals to the process", { initial: true }),
};

type RunInvocation = Invocation<typeof FLAGS>;

export const run = command({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  aliases: ["container run", "run"],
  arity: atLeast(1),
  flags: FLAGS,
  interspersed: false,
  async run(context, invocation) {
    const { flags } = invocation;
    const body = await withHelp(context, async () => {
      checkPull(flags);
      return makeBody(context, invocation);
    });
    if (flags.detach) detachBody(flags.attach, body);
    else await checkTty(body.AttachStdin === true, flags.tty);
    if (flags.tty) await setConsoleSize(body);
    return runContainer(context, invocation, body);
  },
});

function makeBody(
  context: Context,
  { flags, args: [image = "", ...rest], changed }: RunInvocation,
): ContainerCreateBody {
  const extraEnv = proxyVariables(context.config, context.chosen.endpoint.text, flags.env);
  return createBody({ flags, changed, image, command: rest, extraEnv });
}

function detachBody(attach: readonly string[], body: ContainerCreateBody): void {
  if (attach.length > 0) throw new CliError("conflicting options: cannot specify both --attach and --detach");
  body.AttachStdin = false;
  body.AttachStdout = false;
  body.AttachStderr = false;
  body.StdinOnce = false;
}

async function setConsoleSize(body: ContainerCreateBody): Promise<void> {
  const { terminalSize } = await import("../../terminal/terminal.ts");
  const { height, width } = terminalSize();
  if (body.HostConfig) body.HostConfig.ConsoleSize = [height, width];
}

async function runContainer(context: Context, invocation: RunInvocation, body: ContainerCreateBody): Promise<number> {
  const { flags } = invocation;
  const attaches = body.AttachStdin === true || body.AttachStdout === true || body.AttachStderr === true;
  const creating = withHelp(context, () => createContainer(context, flags, body));
  if (attaches) {
    // Attach and wait go out together as soon as there is an id; start follows on a third connection.
    context.client.prepare();
    context.client.prepare();
  }
  const { Id: id } = await creating;
  if (!attaches) {
    await startOrExplain(context, id, undefined);
    context.out.write(`${id}\n`);
    return 0;
  }
  return attachAndStart(context, invocation, body, id);
}

async function attachAndStart(
  context: Context,
  { flags }: RunInvocation,
  body: ContainerCreateBody,
  id: string,
): Promise<number> {
  const keys = detachKeys(context, flags["detach-keys"]);
  const streams = {
    stdin: body.AttachStdin === true,
    stdout: body.AttachStdout === true,
    stderr: body.AttachStderr === true,
  };
  const [attached, waiting] = await withHelp(context, () =>
    Promise.all([
      openAttach(context, id, { ...streams, detachKeys: keys.text }),
      registerWait(context, id, flags.rm ? "removed" : "next-exit"),
    ]),
  );
  const terminal = await import("../../terminal/session.ts");
  const session = terminal.openSession(context, attached, {
    ...streams,
    tty: flags.tty,
    detachKeys: keys.bytes,
    sigProxy: flags["sig-proxy"],
    container: id,
  });
  try {
    await startOrExplain(context, id, flags.rm ? waiting.over : undefined, attached);
    session.started();
    if ((await session.end) === "detached") return 0;
    return await waiting.status();
  } finally {
    session.close();
  }
}

async function startOrExplain(
  context: Context,
  id: string,
  removed: Promise<void> | undefined,
  attached?: HttpResponse,
): Promise<void> {
  await withHelp(context, async () => {
    try {
      await context.client.call("POST", apiPath`/containers/${id}/start`);
    } catch (error) {
      attached?.body.cancel();
      await removed;
      throw error;
    }
  });
}

/** Exit codes by what the error says, as shells give them: 127 not found, 126 not executable, 125 all else. */
function exitCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
    return 127;
  return /permission denied|is a directory/.test(message) ? 126 : 125;
}

/** Errors of `run` name the program, and say where the help is. */
async function withHelp<T>(context: Context, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const text = errorText(error, context);
    const fromDaemon = text.startsWith("Error response from daemon");
    const help = `${context.program.command}: ${text}\n\nRun '${context.commandPath} --help' for more information`;
    throw new CliError(help, fromDaemon ? exitCode(messageOf(error)) : 125);
  }
}
