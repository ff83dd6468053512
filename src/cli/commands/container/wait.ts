import { apiPath } from "../../../api/client/index.ts";
import type { ContainerWaitResponse } from "../../../spec/api/index.ts";
import { atLeast, command } from "../../core/command.ts";
import { each } from "./each.ts";

export const wait = command({
  usage: "CONTAINER [CONTAINER...]",
  aliases: ["container wait", "wait"],
  arity: atLeast(1),
  flags: {},
  run: (context, { args }) =>
    each(context, args, async (name) => {
      const result = await context.client.json<ContainerWaitResponse>("POST", apiPath`/containers/${name}/wait`);
      return String(result.StatusCode);
    }),
});
