import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import type { Compression } from "../../lib/compress/index.ts";
import { BerthError } from "../../lib/index.ts";
import { type TarLimits, TarParser } from "../../lib/tar/index.ts";
import { openRoot } from "../../system/index.ts";
import { receiveChunks } from "../jobs/chunks.ts";
import type { JobContext } from "../jobs/context.ts";
import { diskUsageOf } from "../trees/disk-usage.ts";
import { decompress } from "./decompress.ts";
import { LayerWriter } from "./layer-writer.ts";

export interface UnpackRequest {
  /** An empty directory. What is in it after a failure is for the caller to remove. */
  target: string;
  /** The blob to read; absent where the bytes come through the job's port. */
  blobPath?: string;
  whiteouts: "overlay" | "ignore";
  limits: TarLimits;
  /** Also give the digest of the bytes as they came in. */
  hashSource: boolean;
}

export interface UnpackResult {
  /** sha256 of the tar, unpacked. */
  diffId: string;
  /** Bytes of the tar. */
  tarBytes: number;
  /** Bytes of the files in it, as Docker counts: each inode once, directories not. */
  size: number;
  compression: Compression;
  sourceBytes: number;
  sourceDigest?: string;
}

/** Unpacks a layer into a directory while hashing it: the whole work of one thread. Throws as its parts do. */
export async function runUnpack(request: UnpackRequest, context: JobContext): Promise<UnpackResult> {
  const meter = new Meter(request.hashSource);
  const { compression, data } = await decompress(meter.measure(sourceOf(request, context)));
  const root = openRoot(request.target);
  const writer = new LayerWriter({ root, whiteouts: request.whiteouts, checkpoint: context.checkpoint });
  try {
    const parser = new TarParser(writer, request.limits);
    const tar = createHash("sha256");
    let tarBytes = 0;
    for await (const chunk of data) {
      context.checkpoint();
      tar.update(chunk);
      tarBytes += chunk.length;
      parser.write(chunk);
    }
    parser.end();
    writer.finish();
    const size = writer.size ?? diskUsageOf(request.target, context.checkpoint).bytes;
    return { diffId: digestOf(tar), tarBytes, size, compression, ...meter.result() };
  } finally {
    writer.close();
    closeSync(root);
  }
}

const digestOf = (hash: Hash) => `sha256:${hash.digest("hex")}`;

class Meter {
  readonly #hash: Hash | undefined;
  #bytes = 0;

  constructor(hashing: boolean) {
    this.#hash = hashing ? createHash("sha256") : undefined;
  }

  async *measure(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.#hash?.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  result(): { sourceBytes: number; sourceDigest?: string } {
    return { sourceBytes: this.#bytes, ...(this.#hash === undefined ? {} : { sourceDigest: digestOf(this.#hash) }) };
  }
}

function sourceOf(request: UnpackRequest, context: JobContext): AsyncIterable<Buffer> {
  if (request.blobPath !== undefined) return readFileChunks(request.blobPath, context.progress);
  if (context.port === undefined) throw new BerthError("internal", "a layer without a source");
  return receiveChunks(context.port, context.progress);
}

const READ_SIZE = 1024 * 1024;

/** A file in large pieces, each in memory of its own: a stream may hold one while the next is read. */
async function* readFileChunks(path: string, progress: (bytes: number) => void): AsyncGenerator<Buffer> {
  const fd = openSync(path, "r");
  try {
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafeSlow(READ_SIZE);
      const count = readSync(fd, chunk, 0, READ_SIZE, null);
      if (count === 0) return;
      total += count;
      yield chunk.subarray(0, count);
      progress(total);
    }
  } finally {
    closeSync(fd);
  }
}
