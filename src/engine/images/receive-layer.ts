import { PassThrough } from "node:stream";
import type { Digest } from "../../spec/index.ts";
import type { BlobWriter } from "../../store/index.ts";
import type { ImageLayers, UnpackOptions } from "./images-context.ts";
import { tee } from "./tee.ts";

export interface ReceivedLayer {
  diffId: Digest;
  chainId: Digest;
  /** Bytes of the layer's files. */
  size: number;
  blob: { digest: Digest; size: number };
}

/**
 * Takes a layer in: its bytes go to the blob and to the unpacking at the same time. Both count, or neither: the
 * unpacking sees the end of its input only when the blob has proved right.
 */
export async function receiveLayer(
  layers: ImageLayers,
  source: AsyncIterable<Buffer>,
  writer: BlobWriter,
  options: Omit<UnpackOptions, "source"> & { onChunk?(bytes: number): void; onReceived?(): void },
): Promise<ReceivedLayer> {
  const { onChunk, onReceived, ...unpack } = options;
  const input = new PassThrough({ highWaterMark: 4 * 1024 * 1024 });
  const unpacked = layers.unpack({ ...unpack, source: input });
  input.on("error", () => {}); // both ends hear of it by their own promise
  unpacked.catch((error: Error) => input.destroy(error));
  try {
    await tee(source, [writer, input], {
      ...(onChunk === undefined ? {} : { onChunk }),
      beforeEnd: async () => {
        onReceived?.();
        writer.end();
        await writer.committed;
      },
    });
    const [layer, blob] = await Promise.all([unpacked, writer.committed]);
    return { ...layer, blob };
  } catch (error) {
    writer.destroy();
    await unpacked.catch(() => {});
    throw error;
  }
}
