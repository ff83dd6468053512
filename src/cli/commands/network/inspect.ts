import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { fetchText, inspectObjects } from "../inspect-objects.ts";

export const inspect = command({
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  arity: atLeast(1),
  flags: {
    format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }),
    verbose: flag.bool("Verbose output for diagnostics", { short: "v" }),
  },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, {
      format: flags.format,
      fetch: (name) => fetchText(context, apiPath`/networks/${name}`, { verbose: flags.verbose }),
    }),
});
