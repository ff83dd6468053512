import { apiPath } from "../../../api/client/index.ts";
import type { ContainerInspect } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { ignoreUnchanged } from "../../core/unchanged.ts";
import { detachKeys, openAttach } from "./attach-stream.ts";
import { registerWait } from "./wait-exit.ts";

const NO_CHECKPOINTS = "checkpoints are not supported";

export const start = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  aliases: ["container start", "start"],
  arity: atLeast(1),
  flags: {
    attach: flag.bool("Attach STDOUT/STDERR and forward signals", { short: "a" }),
    checkpoint: flag.refused("string", NO_CHECKPOINTS),
    "checkpoint-dir": flag.refused("string", NO_CHECKPOINTS),
    "detach-keys": flag.string("Override the key sequence for detaching a container"),
    interactive: flag.bool("Attach container's STDIN", { short: "i" }),
  },
  async run(context, { flags, args }) {
    if (flags.attach || flags.interactive) {
      if (args.length > 1) throw new CliError("you cannot start and attach multiple containers at once");
      return startAttached(context, args[0] ?? "", flags);
    }
    return startAll(context, args);
  },
});

async function startAll(context: Context, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await ignoreUnchanged(context.client.call("POST", apiPath`/containers/${name}/start`));
      context.out.write(`${name}\n`);
    } catch (error) {
      context.err.write(`${errorText(error, context)}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
}

async function startAttached(
  context: Context,
  name: string,
  flags: { "detach-keys": string; interactive: boolean },
): Promise<number> {
  const container = await context.client.json<ContainerInspect>("GET", apiPath`/containers/${name}/json`);
  const { Id: id, Config: config } = container;
  const tty = config.Tty === true;
  const keys = detachKeys(context, flags["detach-keys"]);
  const streams = { stdin: flags.interactive && config.OpenStdin === true, stdout: true, stderr: true };
  const [attached, waiting] = await Promise.all([
    openAttach(context, id, { ...streams, detachKeys: keys.text }),
    registerWait(context, id, container.HostConfig.AutoRemove ? "removed" : "next-exit"),
  ]);
  const { openSession } = await import("../../terminal/session.ts");
  const session = openSession(context, attached, {
    ...streams,
    tty,
    detachKeys: keys.bytes,
    sigProxy: !tty,
    container: id,
  });
  try {
    try {
      await ignoreUnchanged(context.client.call("POST", apiPath`/containers/${id}/start`));
    } catch (error) {
      attached.body.cancel();
      if (container.HostConfig.AutoRemove) await waiting.over;
      throw error;
    }
    session.started();
    if ((await session.end) === "detached") return 0;
    return await waiting.status();
  } finally {
    session.close();
  }
}
