import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "../../lib/compress/index.ts";
import { zstd } from "../../system/index.ts";
import { sendChunks } from "../jobs/chunks.ts";
import type { JobContext } from "../jobs/context.ts";
import { type ChangesRequest, changesOf } from "../trees/changes.ts";
import { type PackTreeOptions, packTree } from "./pack-tree.ts";

export interface PackRequest extends Omit<PackTreeOptions, "checkpoint" | "skip" | "onSize"> {
  /** The directory to pack. */
  path: string;
  /** Of a writable layer: pack only what differs from the layers below it. */
  changed?: Omit<ChangesRequest, "upper">;
  compression: "none" | "gzip" | "zstd";
  level?: number;
  /** Nobody asks for the result's digests. */
  unhashed?: boolean;
  /** A file to make; absent where the bytes go out through the job's port. */
  destination?: string;
}

export interface PackResult {
  /** sha256 and bytes of the tar; "" where nothing was hashed. */
  diffId: string;
  tarBytes: number;
  /** sha256 and bytes of what was written, compressed. */
  digest: string;
  bytes: number;
  /** Bytes of the tree's files, each inode once. */
  size: number;
}

/** Packs a tree into a file or to the other thread, hashing it before and after compression. */
export async function runPack(request: PackRequest, context: JobContext): Promise<PackResult> {
  const before = new Counter(!request.unhashed);
  const after = request.compression === "none" ? undefined : new Counter(!request.unhashed);
  const { checkpoint } = context;
  const skip = request.changed === undefined ? {} : { skip: unchanged(request.path, request.changed, checkpoint) };
  let size = 0;
  const onSize = (added: number) => {
    size += added;
  };
  const tar = inBatches(packTree(request.path, { ...request, ...skip, checkpoint, onSize }));
  const plain = before.pass(tar);
  const packed = after === undefined ? plain : after.pass(compress(plain, request));
  if (request.destination !== undefined) {
    // Made anew and only by us: a file in its place is an error.
    await pipeline(packed, createWriteStream(request.destination, { flags: "wx", mode: 0o600 }));
  } else if (context.port !== undefined) await sendChunks(context.port, packed);
  else for await (const _ of packed) checkpoint();
  const { digest: diffId, bytes: tarBytes } = before.result();
  const { digest, bytes } = after?.result() ?? { digest: diffId, bytes: tarBytes };
  return { diffId, tarBytes, digest, bytes, size };
}

function unchanged(upper: string, below: Omit<ChangesRequest, "upper">, checkpoint: () => void) {
  const changes = changesOf({ upper, ...below }, checkpoint);
  const changed = new Set(changes.map(({ path }) => path.slice(1)));
  return (path: string) => !changed.has(path);
}

function compress(source: AsyncIterable<Buffer>, { compression, level }: PackRequest): AsyncIterable<Buffer> {
  const options = level === undefined ? {} : { level };
  if (compression === "gzip") return Readable.from(source).compose(createGzip(options)) as AsyncIterable<Buffer>;
  return compression === "zstd" ? zstd(source, options) : source;
}

const BATCH = 512 * 1024;

/** Headers and small files are put together, so that hashing and compression see large pieces. */
export async function* inBatches(source: Iterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for (const part of source) {
    parts.push(part);
    length += part.length;
    if (length < BATCH) continue;
    yield Buffer.concat(parts, length);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts, length);
}

class Counter {
  readonly #hash: Hash | undefined;
  #bytes = 0;

  constructor(hashing: boolean) {
    this.#hash = hashing ? createHash("sha256") : undefined;
  }

  async *pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.#hash?.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  result(): { digest: string; bytes: number } {
    const hex = this.#hash?.digest("hex");
    return { digest: hex === undefined ? "" : `sha256:${hex}`, bytes: this.#bytes };
  }
}
