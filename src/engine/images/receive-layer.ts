import { PassThrough, type Writable } from "node:stream";
import type { Digest } from "../../spec/index.ts";
import type { BlobWriter, Lease } from "../../store/index.ts";
import type { UnpackOptions } from "../../store/layers/index.ts";
import type { ImageLayers } from "./images-context.ts";

export interface ReceivedLayer {
  diffId: Digest;
  chainId: Digest;
  /** Bytes of the layer's files. */
  size: number;
  blob: { digest: Digest; size: number };
}

export interface ReceiveOptions extends Omit<UnpackOptions, "source"> {
  /** Gets the blob and the layer as soon as they are there. */
  lease: Lease;
  /** Bytes that the blob's writer has from an earlier attempt: they are unpacked first and not written again. */
  before?: AsyncIterable<Buffer>;
  /** Read on after the unpacking has failed: the blob's digest then tells whether what came was what was meant. */
  finishBlob?: boolean;
  onChunk?(bytes: number): void;
  /** All bytes are here; then, the blob has proved right. */
  onReceived?(): void;
  onVerified?(): void;
}

/** Bytes that wait for the unpacking before the source waits. */
const window = 4 * 1024 * 1024;

/**
 * Takes a layer in: its bytes go to the blob and to the unpacking at the same time, as fast as the slower of them. Of
 * the two failures the blob's is told first: a layer that does not unpack because it arrived damaged is damaged.
 */
export async function receiveLayer(
  layers: ImageLayers,
  source: AsyncIterable<Buffer>,
  writer: BlobWriter,
  options: ReceiveOptions,
): Promise<ReceivedLayer> {
  const { lease, before, finishBlob = false, onChunk, onReceived, onVerified, ...unpackOptions } = options;
  const input = new PassThrough({ highWaterMark: window }).on("error", () => {});
  const unpacked = layers.unpack({ ...unpackOptions, source: input }).then((layer) => {
    lease.hold(layer.chainId);
    return layer;
  });
  unpacked.catch((error: Error) => input.destroy(error));
  const verified = writer.committed.then((blob) => {
    lease.hold(blob.digest);
    onVerified?.();
    return blob;
  });
  verified.catch(() => {});
  const toUnpacking = async (chunk: Buffer): Promise<void> => {
    try {
      await take(input, chunk);
    } catch {
      // The layer is there already (the rest is for the blob alone), or its failure is told by `unpacked`.
      if (!finishBlob) await unpacked;
    }
  };
  try {
    for await (const chunk of before ?? []) await toUnpacking(chunk);
    for await (const chunk of source) {
      await Promise.all([take(writer, chunk), toUnpacking(chunk)]);
      onChunk?.(chunk.length);
    }
    onReceived?.();
    writer.end();
    input.end();
    const blob = await verified;
    const { diffId, chainId, size } = await unpacked;
    return { diffId, chainId, size, blob };
  } catch (error) {
    writer.destroy();
    input.destroy(error instanceof Error ? error : new Error(String(error)));
    await Promise.allSettled([unpacked, verified]);
    throw error;
  }
}

/** Resolves when the sink wants more, rejects when it has failed or gone. */
function take(sink: Writable, chunk: Buffer): Promise<void> | undefined {
  if (sink.destroyed || sink.errored) return Promise.reject(sink.errored ?? new Error("the receiver has gone"));
  if (sink.write(chunk)) return undefined;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      sink.off("drain", settle);
      sink.off("close", closed);
      sink.off("error", settle);
      if (error) reject(error);
      else resolve();
    };
    const closed = (): void => settle(sink.errored ?? new Error("the receiver has gone"));
    sink.once("drain", settle);
    sink.once("close", closed);
    sink.once("error", settle);
  });
}
