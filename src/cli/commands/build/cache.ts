import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { humanSize } from "../../../lib/text/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { between, command } from "../../core/command.ts";
import { saveBody } from "../../core/file-output.ts";
import * as flag from "../../core/flag.ts";
import { isTerminal } from "../../terminal/terminal.ts";
import { notOpened } from "../image/load.ts";
import { sourceStream } from "../image/source-stream.ts";

/** The build cache as one archive: layers of steps and cache mounts, each content once. For CI, between machines. */
const ARCHIVE = "/berth/build/cache/archive";

/** `cache export [FILE]`: to a .berthcache file, or to standard output. */
export const exportCache = command({
  usage: "[OPTIONS] [FILE]",
  arity: between(0, 1),
  flags: { "no-mounts": flag.bool("Leave out what RUN --mount=type=cache has kept") },
  async run(context, { flags, args: [file = ""] }) {
    const query = { mounts: flags["no-mounts"] ? "0" : "1" };
    await saveBody(context, file === "-" ? "" : file, "export the cache", () =>
      context.client.request("GET", ARCHIVE, { unversioned: true, query }),
    );
    return 0;
  },
});

/** `cache import [FILE]`: from a .berthcache file, or from standard input. */
export const importCache = command({
  usage: "[FILE]",
  arity: between(0, 1),
  flags: {},
  async run(context, { args: [file = ""] }) {
    const fromStdin = file === "" || file === "-";
    if (fromStdin && isTerminal(0)) throw new CliError("requested import from stdin, but stdin is empty");
    if (!fromStdin) await stat(file).catch(notOpened(file));
    const source = fromStdin ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 });
    const result = await context.client.json<{ steps?: number; size?: number } | undefined>("POST", ARCHIVE, {
      unversioned: true,
      headers: { "Content-Type": "application/x-tar" },
      stream: sourceStream(source),
    });
    context.out.write(`Imported ${result?.steps ?? 0} steps, ${humanSize(result?.size ?? 0)}\n`);
    return 0;
  },
});
