import { apiPath, type HttpResponse } from "../../../api/client/index.ts";
import { createDemuxer, messageOf } from "../../../lib/index.ts";
import { formatUnixTime, parseTimestamp } from "../../../lib/text/index.ts";
import type { ContainerInspect } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";

export const logs = command({
  usage: "[OPTIONS] CONTAINER",
  aliases: ["container logs", "logs"],
  arity: exactly(1),
  flags: {
    details: flag.bool("Show extra details provided to logs"),
    follow: flag.bool("Follow log output", { short: "f" }),
    since: flag.string(
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    tail: flag.string("Number of lines to show from the end of the logs", { short: "n", initial: "all" }),
    timestamps: flag.bool("Show timestamps", { short: "t" }),
    until: flag.string(
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
  },
  async run(context, { flags, args: [name = ""] }) {
    const response = await context.client.request("GET", apiPath`/containers/${name}/logs`, {
      query: {
        stdout: true,
        stderr: true,
        details: flags.details,
        follow: flags.follow,
        timestamps: flags.timestamps,
        since: instant("since", flags.since),
        until: instant("until", flags.until),
        tail: flags.tail,
      },
    });
    await print(context, response, await isRaw(context, name, response));
    return 0;
  },
});

function instant(name: string, text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return formatUnixTime(parseTimestamp(text));
  } catch (error) {
    throw new CliError(`invalid value for ${JSON.stringify(name)}: ${messageOf(error)}`);
  }
}

/** Whether the stream is a terminal's, without frames. Daemons before API 1.42 do not say so in the header. */
async function isRaw(context: Context, name: string, response: HttpResponse): Promise<boolean> {
  const type = response.headers.get("content-type");
  if (type === "application/vnd.docker.multiplexed-stream") return false;
  const container = await context.client.json<ContainerInspect>("GET", apiPath`/containers/${name}/json`);
  return container.Config.Tty === true;
}

async function print(context: Context, response: HttpResponse, raw: boolean): Promise<void> {
  if (raw) {
    await response.body.each((chunk) => void context.out.write(chunk));
    return;
  }
  const demuxer = createDemuxer((stream, payload) => {
    if (stream === 3) throw new CliError(`error from daemon in stream: ${Buffer.from(payload).toString("utf8")}`);
    (stream === 2 ? context.err : context.out).write(payload);
  });
  await response.body.each((chunk) => void demuxer.write(chunk));
}
