import { posix } from "node:path";
import { apiPath } from "../../api/client/index.ts";
import { sourceStream } from "../commands/image/source-stream.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import { archiveLocal } from "./archive-local.ts";
import { isDirectory, isLink, statInContainer, unwritable } from "./container-stat.ts";
import type { CopyOptions } from "./copy-options.ts";
import { localPath, localSource } from "./local-ends.ts";
import { type CopyEnd, planCopy, renamed, splitEntry } from "./paths.ts";
import { reportCopied } from "./report.ts";

/** Copies a local path, or a tar from standard input, into a container. */
export async function copyToContainer(context: Context, options: CopyOptions): Promise<void> {
  const destination = await destinationOf(context, options);
  if (options.source === "-") {
    if (!destination.isDirectory)
      throw new CliError(`destination "${options.container}:${options.destination}" must be a directory`);
    await send(context, options, destination.path, sourceStream(process.stdin));
    return;
  }
  const source = localSource(localPath(options.source), options.followLink);
  const plan = planCopy(source, destination);
  const { folder, entry } = splitEntry(source.path);
  const name = source.rebaseName || (entry === "/" ? "" : entry);
  const as = plan.rename === undefined ? name : renamed(name, plan.rename);
  let bytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of archiveLocal(folder, entry === "/" ? "." : entry, as)) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  await send(context, options, plan.folder, counted());
  if (!options.quiet) reportCopied(context, bytes, `${options.container}:${destination.path}`);
}

function send(context: Context, options: CopyOptions, path: string, stream: AsyncIterable<Uint8Array>): Promise<void> {
  return context.client.call("PUT", apiPath`/containers/${options.container}/archive`, {
    query: { path, noOverwriteDirNonDir: "true", copyUIDGID: options.copyOwner ? "true" : undefined },
    headers: { "Content-Type": "application/x-tar" },
    stream,
  });
}

/** What is at the destination, a link at its end followed. What cannot be told counts as not there yet. */
async function destinationOf(context: Context, { container, destination }: CopyOptions): Promise<CopyEnd> {
  let path = destination;
  let stat = await statInContainer(context, container, path);
  if (stat !== undefined && isLink(stat)) {
    const { linkTarget } = stat;
    path = linkTarget.startsWith("/") ? linkTarget : posix.join(splitEntry(path).folder, linkTarget);
    stat = await statInContainer(context, container, path);
  }
  const why = stat === undefined ? undefined : unwritable(stat);
  if (why !== undefined)
    throw new CliError(`destination "${container}:${destination}" must be a directory or a regular file: ${why}`);
  return { path, exists: stat !== undefined, isDirectory: stat !== undefined && isDirectory(stat) };
}
