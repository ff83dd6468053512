import { apiPath } from "../../../api/client/index.ts";
import type { ExecCreateBody, ExecInspect } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command, type Invocation } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { readKeyValueFile } from "../../run-options/key-value-file.ts";
import { validateEnv } from "../../run-options/validators.ts";
import { checkTty, detachKeys } from "./attach-stream.ts";

const FLAGS = {
  detach: flag.bool("Detached mode: run command in the background", { short: "d" }),
  "detach-keys": flag.string("Override the key sequence for detaching a container"),
  env: flag.list("Set environment variables", { short: "e", check: validateEnv }),
  "env-file": flag.list("Read in a file of environment variables"),
  interactive: flag.bool("Keep STDIN open even if not attached", { short: "i" }),
  privileged: flag.bool("Give extended privileges to the command"),
  tty: flag.bool("Allocate a pseudo-TTY", { short: "t" }),
  user: flag.string('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: "u" }),
  workdir: flag.string("Working directory inside the container", { short: "w" }),
};

export const exec = command({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  aliases: ["container exec", "exec"],
  arity: atLeast(2),
  flags: FLAGS,
  interspersed: false,
  async run(context, invocation) {
    const { flags } = invocation;
    const [container = ""] = invocation.args;
    const keys = detachKeys(context, flags["detach-keys"]);
    const body = execBody(invocation, keys.text);
    if (!flags.detach) await checkTtyOf(context, container, flags.interactive && flags.tty);
    const ConsoleSize = flags.tty ? await consoleSize() : undefined;
    const creating = context.client.json<{ Id: string }>("POST", apiPath`/containers/${container}/exec`, {
      json: { ...body, ...(ConsoleSize === undefined ? {} : { ConsoleSize }) },
    });
    const { Id: id } = await creating;
    if (id === "") throw new CliError("exec ID empty");
    const json = { Detach: flags.detach, Tty: flags.tty, ...(ConsoleSize === undefined ? {} : { ConsoleSize }) };
    if (flags.detach) {
      await context.client.call("POST", apiPath`/exec/${id}/start`, { json });
      return 0;
    }
    return interact(context, invocation, id, { json, keys: keys.bytes });
  },
});

function execBody({ flags, args: [, ...words] }: Invocation<typeof FLAGS>, keys: string): ExecCreateBody {
  const files = flags["env-file"].flatMap((path) => readKeyValueFile(path, (name) => process.env[name]));
  const env = [...files, ...flags.env];
  return {
    User: flags.user,
    Privileged: flags.privileged,
    Tty: flags.tty,
    AttachStdin: !flags.detach && flags.interactive,
    AttachStderr: !flags.detach,
    AttachStdout: !flags.detach,
    ...(keys === "" ? {} : { DetachKeys: keys }),
    Env: env.length === 0 ? null : env,
    WorkingDir: flags.workdir,
    Cmd: words,
  };
}

/** That there is no such container is said before that there is no terminal. */
async function checkTtyOf(context: Context, container: string, wanted: boolean): Promise<void> {
  try {
    await checkTty(wanted, wanted);
  } catch (error) {
    await context.client.call("GET", apiPath`/containers/${container}/json`);
    throw error;
  }
}

async function consoleSize(): Promise<[number, number] | undefined> {
  const { terminalSize } = await import("../../terminal/terminal.ts");
  const { height, width } = terminalSize();
  return height === 0 && width === 0 ? undefined : [height, width];
}

async function interact(
  context: Context,
  { flags }: Invocation<typeof FLAGS>,
  id: string,
  { json, keys }: { json: object; keys: readonly number[] },
): Promise<number> {
  const path = apiPath`/exec/${id}`;
  const response = await context.client.request("POST", `${path}/start`, { json, upgrade: true });
  // For the question that follows.
  context.client.prepare();
  const { carry } = await import("../../terminal/hijack.ts");
  const session = carry(response, {
    stdin: flags.interactive,
    out: context.out,
    err: context.err,
    tty: flags.tty,
    detachKeys: keys,
  });
  if (flags.tty) {
    const { isTerminal } = await import("../../terminal/terminal.ts");
    const { followSize } = await import("../../terminal/resize.ts");
    if (isTerminal(0)) followSize((size) => context.client.call("POST", `${path}/resize`, { query: size }));
  }
  if ((await session) === "detached") throw new CliError("read escape sequence");
  const { ExitCode } = await context.client.json<ExecInspect>("GET", `${path}/json`);
  return ExitCode ?? 0;
}
