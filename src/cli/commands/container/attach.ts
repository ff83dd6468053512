import { apiPath } from "../../../api/client/index.ts";
import type { ContainerInspect } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { checkTty, detachKeys, openAttach } from "./attach-stream.ts";
import { registerWait } from "./wait-exit.ts";

export const attach = command({
  usage: "[OPTIONS] CONTAINER",
  aliases: ["container attach", "attach"],
  arity: exactly(1),
  flags: {
    "detach-keys": flag.string("Override the key sequence for detaching a container"),
    "no-stdin": flag.bool("Do not attach STDIN"),
    "sig-proxy": flag.bool("Proxy all received signals to the process", { initial: true }),
  },
  async run(context, { flags, args: [name = ""] }) {
    const container = await context.client.json<ContainerInspect>("GET", apiPath`/containers/${name}/json`);
    checkState(container);
    const { Tty: tty = false, OpenStdin = false } = container.Config;
    const stdin = !flags["no-stdin"] && OpenStdin;
    await checkTty(stdin, tty);
    const keys = detachKeys(context, flags["detach-keys"]);
    const streams = { stdin, stdout: true, stderr: true };
    const [response, waiting] = await Promise.all([
      openAttach(context, container.Id, { ...streams, detachKeys: keys.text }),
      registerWait(context, container.Id, "not-running"),
    ]);
    const { openSession } = await import("../../terminal/session.ts");
    const session = openSession(context, response, {
      ...streams,
      tty,
      detachKeys: keys.bytes,
      sigProxy: flags["sig-proxy"] && !tty,
      container: container.Id,
    });
    try {
      if (tty) await redraw(context, container.Id);
      session.started();
      if ((await session.end) === "detached") throw new CliError("read escape sequence");
      return await waiting.status();
    } finally {
      session.close();
    }
  },
});

function checkState({ State }: ContainerInspect): void {
  if (!State.Running) throw new CliError("You cannot attach to a stopped container, start it first");
  if (State.Paused) throw new CliError("You cannot attach to a paused container, unpause it first");
  if (State.Restarting) throw new CliError("You cannot attach to a restarting container, wait until it is running");
}

/** A change of size makes a program draw its screen again: one is made, then the right size is set. */
async function redraw(context: Parameters<typeof openAttach>[0], id: string): Promise<void> {
  const { terminalSize } = await import("../../terminal/terminal.ts");
  const { height, width } = terminalSize();
  if (height === 0 && width === 0) return;
  const query = { h: height + 1, w: width + 1 };
  await context.client.call("POST", apiPath`/containers/${id}/resize`, { query }).catch(() => undefined);
}
