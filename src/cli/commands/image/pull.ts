import { parseReference } from "../../../spec/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import type { Output } from "../../core/output.ts";
import { pullImage } from "./pull-image.ts";

const silent: Output = { fd: -1, write: () => undefined };

export const pull = command({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  aliases: ["image pull", "pull"],
  arity: exactly(1),
  flags: {
    "all-tags": flag.bool("Download all tagged images in the repository", { short: "a" }),
    "disable-content-trust": flag.bool("Skip image verification", { initial: true }),
    platform: flag.string("Set platform if server is multi-platform capable"),
    quiet: flag.bool("Suppress verbose output", { short: "q" }),
  },
  async run(context, { flags, args: [image = ""] }) {
    const { tag, digest } = parseReference(image);
    const allTags = flags["all-tags"];
    if (allTags && (tag !== undefined || digest !== undefined))
      throw new CliError("tag can't be used with --all-tags/-a");
    if (!allTags && tag === undefined && digest === undefined && !flags.quiet)
      context.out.write("Using default tag: latest\n");
    const platform = flags.platform || context.env.DOCKER_DEFAULT_PLATFORM || "";
    const name = await pullImage(context, { image, platform, allTags, output: flags.quiet ? silent : context.out });
    context.out.write(`${name}\n`);
    return 0;
  },
});
