import { posix } from "node:path";
import { apiPath } from "../../api/client/index.ts";
import type { Context } from "../core/context.ts";
import { isDirectory, isLink, readStat, statInContainer } from "./container-stat.ts";
import type { CopyOptions } from "./copy-options.ts";
import { LocalWriter } from "./extract.ts";
import { checkDestination, localDestination, localPath } from "./local-ends.ts";
import { planCopy, rebaseName, splitEntry } from "./paths.ts";
import { reportCopied } from "./report.ts";

/** Copies a container's path to a local one, or as a tar to standard output. */
export async function copyFromContainer(context: Context, options: CopyOptions): Promise<void> {
  const { container, quiet } = options;
  const destination = options.destination === "-" ? "-" : localPath(options.destination);
  if (destination !== "-") checkDestination(destination);
  const { path, name } = await sourceOf(context, options);
  const response = await context.client.request("GET", apiPath`/containers/${container}/archive`, { query: { path } });
  if (destination === "-") {
    await response.body.each((chunk) => void context.out.write(chunk));
    return;
  }
  const source = { path, exists: true, isDirectory: isDirectory(readStat(response)) };
  const end = localDestination(destination);
  const plan = planCopy({ ...source, ...(name === "" ? {} : { rebaseName: name }) }, end);
  const { entry } = splitEntry(path);
  // The archive has the name of what was copied: the user's name first, then what the destination makes of it.
  const rename = plan.rename === undefined ? undefined : { from: entry, to: plan.rename.to };
  const own = name === "" ? undefined : { from: entry, to: name };
  const change = rename ?? own;
  const writer = new LocalWriter({ folder: plan.folder, ...(change === undefined ? {} : { rename: change }) }, (text) =>
    context.err.write(`${text}\n`),
  );
  let bytes = 0;
  try {
    await response.body.each((chunk) => {
      bytes += chunk.length;
      writer.write(chunk);
      return undefined;
    });
    writer.finish();
  } finally {
    writer.close();
  }
  if (!quiet) reportCopied(context, bytes, destination);
}

/** With -L the link at the end of the source is followed, and the copy keeps the link's name. */
async function sourceOf(context: Context, options: CopyOptions): Promise<{ path: string; name: string }> {
  const { container, source, followLink } = options;
  if (!followLink) return { path: source, name: "" };
  const stat = await statInContainer(context, container, source);
  if (stat === undefined || !isLink(stat)) return { path: source, name: "" };
  const { linkTarget } = stat;
  const target = linkTarget.startsWith("/") ? linkTarget : posix.join(splitEntry(source).folder, linkTarget);
  return rebaseName(source, target);
}
