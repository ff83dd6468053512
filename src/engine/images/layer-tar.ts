import type { Descriptor } from "../../spec/index.ts";
import type { BlobStore } from "../../store/index.ts";
import { decompress } from "../../store/layers/index.ts";

/** A layer's uncompressed tar from its blob. */
export async function* layerTar(blobs: BlobStore, blob: Descriptor): AsyncGenerator<Buffer> {
  const source = blobs.openRead(blob.digest);
  try {
    const { data } = await decompress(source);
    yield* data;
  } finally {
    source.destroy();
  }
}
