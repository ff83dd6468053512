import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import { each } from "./each.ts";

const verb = (name: "pause" | "unpause") =>
  command({
    usage: "CONTAINER [CONTAINER...]",
    aliases: [`container ${name}`, name],
    arity: atLeast(1),
    flags: {},
    run: (context, { args }) =>
      each(context, args, async (container) => {
        await context.client.call("POST", `${apiPath`/containers/${container}`}/${name}`);
        return undefined;
      }),
  });

export const pause = verb("pause");
export const unpause = verb("unpause");
