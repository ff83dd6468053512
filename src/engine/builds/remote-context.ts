import { createReadStream } from "node:fs";
import type { ContextFolder } from "../../build/index.ts";
import { detectCompression, MAGIC_BYTES } from "../../lib/compress/index.ts";
import { closeFd, O_DIRECTORY, O_RDONLY, openIn, readFileIn } from "../../system/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";
import { archiveContext, emptyContext } from "./scratch-context.ts";

export interface RemoteContext extends ContextFolder {
  /** Text of the Dockerfile, where the address was one. */
  readonly dockerfile?: string;
  release(): void;
}

const TEXT_BYTES = 8 * 1024 * 1024;

/** A context from an address: a git repository, an archive, or a Dockerfile alone. */
export async function remoteContext(deps: BuildsDeps, url: string, signal: AbortSignal): Promise<RemoteContext> {
  const { root, name } = await deps.remote.fetch(url, {}, signal);
  if (isFolder(root, name)) {
    const path = name === "." ? root : `${root}/${name}`;
    return { path, id: path, release() {} };
  }
  const fd = openIn(root, name, O_RDONLY);
  const archive = createReadStream("", { fd, highWaterMark: 1024 * 1024 });
  const head = await firstBytes(archive);
  if (isArchive(head)) return archiveContext(deps, archive as AsyncIterable<Buffer>, signal);
  archive.destroy();
  const text = readFileIn(root, name, { limit: TEXT_BYTES }) ?? Buffer.alloc(0);
  return { ...emptyContext(deps), dockerfile: text.toString("base64") };
}

function isFolder(root: string, name: string): boolean {
  try {
    closeFd(openIn(root, name, O_RDONLY | O_DIRECTORY));
    return true;
  } catch {
    return false;
  }
}

const TAR_MAGIC = 257;

const isArchive = (head: Buffer) =>
  detectCompression(head.subarray(0, MAGIC_BYTES)) !== "none" ||
  head.subarray(TAR_MAGIC, TAR_MAGIC + 5).toString() === "ustar";

/** Looks at the stream's beginning, and leaves it there. */
async function firstBytes(stream: ReturnType<typeof createReadStream>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("end", () => resolve(Buffer.alloc(0)));
    stream.once("readable", () => {
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) stream.unshift(chunk);
      resolve(chunk ?? Buffer.alloc(0));
    });
  });
}
