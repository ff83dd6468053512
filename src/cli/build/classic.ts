import { readJsonStream } from "../../api/client/index.ts";
import { humanSize } from "../../lib/text/index.ts";
import type { JSONMessage } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import { showProgress } from "../progress/show-progress.ts";
import type { BuildPlan } from "./build-plan.ts";
import { classicQuery } from "./classic-query.ts";
import { classicContext } from "./context/classic-context.ts";
import { failure } from "./fail.ts";
import { registryConfig } from "./registry-config.ts";

/**
 * Builds with a daemon's `POST /build`: dockerd's classic builder. The context goes as one archive, and the daemon's own
 * lines are printed. What only a builder of graphs can do is refused, by its flag's name.
 */
export async function buildClassic(context: Context, plan: BuildPlan): Promise<string> {
  refuse(plan);
  const source = await classicContext(plan);
  const { flags } = plan;
  const ids: string[] = [];
  let sent = 0;
  const counted =
    source.archive === undefined
      ? undefined
      : count(source.archive, (bytes) => {
          sent += bytes;
        });
  const response = await context.client.request("POST", "/build", {
    query: { ...classicQuery(plan), dockerfile: source.dockerfile, remote: source.remote },
    headers: { "Content-Type": "application/x-tar", "X-Registry-Config": await registryConfig(context) },
    ...(counted === undefined ? {} : { stream: counted }),
  });
  const quiet = plan.progress === "quiet";
  if (quiet) {
    let text = "";
    await readJsonStream<JSONMessage>(response, (message) => {
      if (message.error !== undefined) throw failed(message);
      if (message.stream !== undefined) text += message.stream;
    });
    return text.trim();
  }
  if (!flags.quiet && counted !== undefined)
    context.out.write(`Sending build context to ${context.program.title} daemon  ${humanSize(sent)}\n`);
  await showProgress(response, context.out, (message) => {
    const id = (message.aux as { ID?: unknown } | undefined)?.ID;
    if (typeof id === "string") ids.push(id);
  });
  return ids.at(-1) ?? "";
}

const failed = ({ error = "", errorDetail }: JSONMessage) =>
  new CliError(errorDetail?.message ?? error, errorDetail?.code && errorDetail.code < 256 ? errorDetail.code : 1);

function refuse(plan: BuildPlan): void {
  const needs: [string, boolean][] = [
    ["--secret", plan.secrets.length > 0],
    ["--ssh", plan.ssh.length > 0],
    ["--build-context", Object.keys(plan.contexts).length > 0],
    [
      "--output",
      plan.outputs.some(({ type, destination }) => type !== "image" && !(type === "docker" && !destination)),
    ],
    ["--cache-to", plan.cacheTo.length > 0],
    ["--no-cache-filter", plan.flags["no-cache-filter"].length > 0],
    ["--check", plan.call === "check"],
    ["--debug", plan.debug !== undefined],
    ["--allow", plan.flags.allow.length > 0],
  ];
  for (const [name, given] of needs)
    if (given) throw failure(`${name} needs Berth's builder: this daemon has the classic one only`);
  if (plan.platforms.length > 1)
    throw failure("several platforms need Berth's builder: this daemon has the classic one only");
}

async function* count(source: AsyncIterable<Buffer>, add: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    add(chunk.length);
    yield chunk;
  }
}
