import { ApiError, apiPath } from "../../../api/client/index.ts";
import type { ContainerCreateBody, ContainerCreateResponse } from "../../../spec/api/index.ts";
import { atLeast, command } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { changedBody } from "../../run-options/changed-body.ts";
import { CONTAINER_FLAGS } from "../../run-options/container-flags.ts";
import { pullImage } from "../image/pull-image.ts";
import { checkPull } from "./create-container.ts";

const SAME = "the new container has what it is called and where it is from the old one";

export const recreate = command({
  usage: "[OPTIONS] CONTAINER [COMMAND] [ARG...]",
  aliases: ["container recreate", "recreate"],
  examples: `Makes the container again with what the flags change: variables, labels, ports and mounts add to those that are
there, by name or place; anything else replaces. The old container is back where the new one does not start or is not
healthy within --timeout.`,
  arity: atLeast(1),
  flags: {
    ...CONTAINER_FLAGS,
    cidfile: flag.refused("string", SAME),
    image: flag.string("Another image; a newer one of the same name is taken in any case"),
    name: flag.refused("string", SAME),
    "stop-wait": flag.int("Seconds to wait before killing the old container (default: its own)", { initial: -2 }),
    timeout: flag.int("Seconds in which the new container has to be healthy", { initial: 60 }),
  },
  interspersed: false,
  async run(context, { flags, args: [name = "", ...words], changed }) {
    checkPull({ ...flags, name: "", cidfile: "" });
    const shared = { ...flags, name: "", cidfile: "" };
    const body = changedBody({ flags: shared, changed, image: flags.image, command: words });
    const output = flags.quiet ? { fd: -1, write: () => undefined } : context.err;
    const pull = () => pullImage(context, { image: flags.image, platform: flags.platform, output });
    const wanted = flags.image !== "";
    if (wanted && flags.pull === "always") await pull();
    const ask = () => send(context, name, body, { timeout: flags.timeout, stop: flags["stop-wait"] });
    const made = await ask().catch(async (error: unknown) => {
      const missing = error instanceof ApiError && error.status === 404 && /^No such image/i.test(error.message);
      if (!missing || !wanted || flags.pull !== "missing") throw error;
      await pull();
      return ask();
    });
    for (const warning of made.Warnings ?? []) context.err.write(`WARNING: ${warning}\n`);
    context.out.write(`${name}\n`);
    return 0;
  },
});

function send(
  context: Context,
  name: string,
  json: ContainerCreateBody,
  { timeout, stop }: { timeout: number; stop: number },
): Promise<ContainerCreateResponse> {
  const query = { timeout, t: stop === -2 ? undefined : stop };
  return context.client.json("POST", apiPath`/containers/${name}/recreate`, { query, json });
}
