/**
 * Blobs: manifests, configs and layers as received or made, each in a file named by its digest. Vocabulary: a *blob*
 * is whole and verified; an *ingest* is a blob on its way in; a *partial* is what a broken ingest left to be resumed.
 */
export {
  type BlobInfo,
  type BlobStore,
  type IngestOptions,
  openBlobStore,
} from "./blob-store.ts";
export type { BlobWriter } from "./blob-writer.ts";
export { decompressOdd } from "./decompress-odd.ts";
export type { SpooledArchive } from "./spool-archive.ts";
export type { SpooledEntry, SpoolLimits } from "./spool-files.ts";
