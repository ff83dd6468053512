import { apiPath, type HttpResponse } from "../../api/client/index.ts";
import type { PathStat } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";

const MODE_DIRECTORY = 2 ** 31;
const MODE_LINK = 2 ** 27;
const MODE_DEVICE = 2 ** 26;
const MODE_IRREGULAR = 2 ** 19;

const has = (mode: number, bit: number) => Math.floor(mode / bit) % 2 === 1;
export const isDirectory = ({ mode }: PathStat): boolean => has(mode, MODE_DIRECTORY);
export const isLink = ({ mode }: PathStat): boolean => has(mode, MODE_LINK);

/** Why nothing can be copied over it; undefined where it can. */
export function unwritable({ mode }: PathStat): string | undefined {
  if (has(mode, MODE_DEVICE)) return "got a device";
  return has(mode, MODE_IRREGULAR) ? "got an irregular file" : undefined;
}

/** What the daemon says of a path, from a response's header. */
export function readStat(response: HttpResponse): PathStat {
  const header = response.headers.get("x-docker-container-path-stat") ?? "";
  try {
    const { name, size, mode, mtime, linkTarget } = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    return {
      name: String(name),
      size: Number(size),
      mode: Number(mode) || 0,
      mtime: String(mtime),
      linkTarget: String(linkTarget ?? ""),
    };
  } catch {
    throw new CliError(`unable to decode container path stat header: ${JSON.stringify(header.slice(0, 200))}`);
  }
}

/** Asks for a path's stat; undefined where the daemon gives none, whatever the reason. */
export async function statInContainer(
  context: Context,
  container: string,
  path: string,
): Promise<PathStat | undefined> {
  try {
    const response = await context.client.request("HEAD", apiPath`/containers/${container}/archive`, {
      query: { path },
    });
    await response.body.bytes(1024);
    return readStat(response);
  } catch (error) {
    // The copy itself fails then, with the daemon's reason, unless only the last component is missing.
    if ((error as { kind?: string }).kind === "unavailable") throw error;
    return undefined;
  }
}
