import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { completeImage } from "../../format/complete-container.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { fetchText, inspectObjects } from "../inspect-objects.ts";
import { imagePath } from "./image-path.ts";
import { platformJson } from "./platform-json.ts";

export const inspect = command({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  arity: atLeast(1),
  flags: {
    format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }),
    platform: flag.string(
      "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
  },
  run: (context, { flags, args }) =>
    inspectObjects(context, args, {
      format: flags.format,
      fetch: (name) => fetchText(context, `${imagePath(name)}/json`, { platform: platformJson(flags.platform) }),
      complete: completeImage,
    }),
});
