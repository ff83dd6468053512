import { apiPath } from "../../../api/client/index.ts";
import type { Volume } from "../../../spec/api/index.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { validateLabel } from "../../run-options/validators.ts";

export const clone = command({
  usage: "[OPTIONS] VOLUME NEW_VOLUME",
  arity: exactly(2),
  flags: {
    label: flag.list("Set metadata for the new volume, in place of the old one's", { check: validateLabel }),
    pause: flag.bool("Freeze the containers that use the volume while it is copied"),
  },
  async run(context, { flags, args: [source = "", target = ""] }) {
    const labels = Object.fromEntries(
      flags.label.map((text) => flag.cut(text, "=")).map(([key, value]) => [key, value ?? ""]),
    );
    const made = await context.client.json<Volume>("POST", apiPath`/volumes/${source}/clone`, {
      json: { Name: target, Pause: flags.pause, ...(flags.label.length === 0 ? {} : { Labels: labels }) },
    });
    context.out.write(`${made.Name}\n`);
    return 0;
  },
});
