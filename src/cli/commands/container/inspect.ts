import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { completeContainer } from "../../format/complete-container.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { fetchText, inspectObjects } from "../inspect-objects.ts";

export const inspect = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  arity: atLeast(1),
  flags: {
    format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }),
    size: flag.bool("Display total file sizes", { short: "s" }),
  },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, {
      format: flags.format,
      fetch: (name) => fetchText(context, apiPath`/containers/${name}/json`, { size: flags.size }),
      complete: completeContainer,
    }),
});
