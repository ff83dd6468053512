import { doing } from "../../lib/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImagesDeps } from "./images-context.ts";

/**
 * Unpacks again from their blobs the layers of an image that are not there: after a power cut those that had not
 * reached the disk. Where nothing is missing, which is always else, this costs a look into a table.
 */
export async function restoreLayers(deps: ImagesDeps, record: ImageRecord): Promise<void> {
  const lease = deps.store.leases.take();
  lease.hold(...record.layers.flatMap(({ chainId, blob }) => [chainId, blob.digest]));
  try {
    for (const [index, { chainId, diffId, blob }] of record.layers.entries()) {
      if (deps.layers.get(chainId) !== undefined) continue;
      const parent = record.layers[index - 1]?.chainId;
      await deps.layers.unpack({
        source: { blobPath: deps.blobs.path(blob.digest) },
        expectedDiffId: diffId,
        ...(parent === undefined ? {} : { parent }),
      });
    }
  } catch (error) {
    throw doing(`restoring the layers of image ${record.id}`, error);
  } finally {
    lease.release();
  }
}
