import { createReadStream, readFileSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import { apiPath } from "../../../api/client/index.ts";
import type { Volume } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { sourceStream } from "../image/source-stream.ts";

export const restore = command({
  usage: "[OPTIONS] VOLUME",
  examples: `Replaces the files of VOLUME, which is made if need be, by those of a tar archive. The archive is unpacked and
checked first: one that fails leaves the volume as it was. No container may run with the volume.`,
  arity: exactly(1),
  flags: {
    digest: flag.string("The archive's sha256, checked before anything is replaced; FILE.sha256 unless given"),
    input: flag.string('Read from a file ("-" or nothing: STDIN)', { short: "i" }),
  },
  async run(context, { flags, args: [volume = ""] }) {
    const path = flags.input === "-" ? "" : flags.input;
    if (path === "" && isatty(0)) throw new CliError("requested restore from stdin, but stdin is a terminal");
    const digest = flags.digest === "" ? digestBeside(path) : flags.digest;
    if (path !== "" && !statSync(path, { throwIfNoEntry: false })?.isFile())
      throw new CliError(`open ${path}: no such file`);
    const stream = sourceStream(path === "" ? process.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 }));
    const restored = await context.client.json<Volume>("POST", apiPath`/volumes/${volume}/restore`, {
      query: { digest: digest === undefined ? undefined : `sha256:${digest.replace(/^sha256:/, "")}` },
      headers: { "Content-Type": "application/x-tar" },
      stream,
    });
    context.out.write(`${restored.Name}\n`);
    return 0;
  },
});

/** What sha256sum(1) wrote for the file. */
function digestBeside(path: string): string | undefined {
  if (path === "" || statSync(`${path}.sha256`, { throwIfNoEntry: false }) === undefined) return undefined;
  const found = /^\\?([0-9a-f]{64})(\s|$)/.exec(readFileSync(`${path}.sha256`, "utf8"))?.[1];
  if (found === undefined) throw new CliError(`${path}.sha256 holds no sha256 digest`);
  return found;
}
