import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { fetchText, inspectObjects } from "../inspect-objects.ts";

export const inspect = command({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  arity: atLeast(1),
  flags: { format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }) },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, {
      format: flags.format,
      fetch: (name) => fetchText(context, apiPath`/volumes/${name}`),
    }),
});
