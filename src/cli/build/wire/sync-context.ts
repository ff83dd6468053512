import type { ContextLine, ContextSyncAnswer } from "../../../spec/api/index.ts";
import type { Context } from "../../core/context.ts";
import { mtimeOf, packContext } from "../context/pack.ts";
import type { ContextEntry } from "../context/walk.ts";

/**
 * Brings the daemon's copy of a folder up to date and gives its id. Only what changed since the last time is sent, by
 * size and times.
 */
export async function syncContext(context: Context, folder: string, entries: readonly ContextEntry[]): Promise<string> {
  const { id, need } = await context.client.json<ContextSyncAnswer>("POST", "/berth/build/context", {
    unversioned: true,
    query: { key: folder },
    headers: { "Content-Type": "application/x-ndjson" },
    stream: single(manifest(entries)),
  });
  if (need.length > 0) {
    const wanted = need.flatMap((index) => entries[index] ?? []);
    await context.client.call("POST", `/berth/build/context/${encodeURIComponent(id)}`, {
      unversioned: true,
      headers: { "Content-Type": "application/x-tar" },
      stream: packContext(folder, wanted),
    });
  }
  return id;
}

/** A line for each entry: path, mode with type, size, times and link target. */
function manifest(entries: readonly ContextEntry[]): Buffer {
  const lines = entries.map(({ path, stat, target }) => {
    const fields = [path, stat.mode, stat.isFile() ? stat.size : 0, String(mtimeOf(stat))] as const;
    const line: ContextLine = target === undefined ? fields : [...fields, target];
    return JSON.stringify(line);
  });
  return Buffer.from(`${lines.join("\n")}\n`);
}

async function* single(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
