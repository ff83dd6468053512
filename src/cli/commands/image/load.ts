import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isatty } from "node:tty";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { platformJson } from "./platform-json.ts";
import { sourceStream } from "./source-stream.ts";

export const load = command({
  usage: "[OPTIONS]",
  aliases: ["image load", "load"],
  arity: noArgs,
  flags: {
    input: flag.string("Read from tar archive file, instead of STDIN", { short: "i" }),
    platform: flag.string(
      'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
    quiet: flag.bool("Suppress the load output", { short: "q" }),
  },
  async run(context, { flags }) {
    if (flags.input === "" && isatty(0)) throw new CliError("requested load from stdin, but stdin is empty");
    if (flags.input !== "") await stat(flags.input).catch(notOpened(flags.input));
    const response = await context.client.request("POST", "/images/load", {
      query: { quiet: flags.quiet || !isatty(1) ? true : "0", platform: platformJson(flags.platform) },
      headers: { "Content-Type": "application/x-tar" },
      stream:
        flags.input === ""
          ? sourceStream(process.stdin)
          : sourceStream(createReadStream(flags.input, { highWaterMark: 1024 * 1024 })),
    });
    if (response.headers.get("content-type")?.startsWith("application/json")) await showProgress(response, context.out);
    else await response.body.each((chunk) => void context.out.write(chunk));
    return 0;
  },
});

/** Words a failure to open a file as Docker's CLI does. */
export const notOpened = (path: string) => (error: NodeJS.ErrnoException) => {
  const why =
    error.code === "ENOENT"
      ? "no such file or directory"
      : error.code === "EACCES"
        ? "permission denied"
        : error.message;
  throw new CliError(`open ${path}: ${why}`);
};
