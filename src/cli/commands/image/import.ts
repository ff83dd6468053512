import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { parseReference } from "../../../spec/index.ts";
import { between, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { notOpened } from "./load.ts";
import { sourceStream } from "./source-stream.ts";

export const importImage = command({
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  aliases: ["image import", "import"],
  arity: between(1, 2),
  flags: {
    change: flag.list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: flag.string("Set commit message for imported image", { short: "m" }),
    platform: flag.string("Set platform if server is multi-platform capable"),
  },
  async run(context, { flags, args: [source = "", name = ""] }) {
    if (name !== "") parseReference(name);
    const isUrl = /^(https?|ftp):\/\//.test(source);
    if (!isUrl && source !== "-") await stat(source).catch(notOpened(source));
    const response = await context.client.request("POST", "/images/create", {
      query: {
        fromSrc: isUrl ? source : "-",
        repo: name || undefined,
        message: flags.message || undefined,
        changes: flags.change,
        platform: flags.platform || context.env.DOCKER_DEFAULT_PLATFORM || undefined,
      },
      ...(isUrl
        ? {}
        : {
            stream: sourceStream(
              source === "-" ? process.stdin : createReadStream(source, { highWaterMark: 1024 * 1024 }),
            ),
          }),
      headers: isUrl ? {} : { "Content-Type": "text/plain" },
    });
    await showProgress(response, context.out);
    return 0;
  },
});
