import { Readable } from "node:stream";
import { BerthError, nowNano } from "../../lib/index.ts";
import { encodeHeader, endOfArchive, paddingOf } from "../../lib/tar/index.ts";
import type { Digest } from "../../spec/index.ts";
import { blobsOf } from "../../store/index.ts";
import { emitImage, type ImagesDeps } from "./images-context.ts";
import { layerTar } from "./layer-tar.ts";
import { restoreLayers } from "./restore-layers.ts";
import { blobName, type SaveDocuments, saveDocuments } from "./save-documents.ts";
import { type SavedImage, selectForSave } from "./save-selection.ts";

/** A member of the archive: its bytes are made when it is its turn. */
interface Member {
  name: string;
  size: number;
  mtime: bigint;
  content(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

/**
 * The images as an archive that docker, podman and OCI tools load: a docker archive with an OCI layout inside, layers
 * as plain tars. Unknown names reject here, before the first byte. What is saved cannot be removed until the stream is
 * closed.
 */
export async function saveImages(deps: ImagesDeps, names: string[], options: { platform?: string }): Promise<Readable> {
  const images = selectForSave(deps.store, names, options.platform);
  for (const { record } of images) await restoreLayers(deps, record);
  const lease = deps.store.leases.take();
  try {
    lease.hold(...images.flatMap(({ record }) => blobsOf(record)));
    const members = await membersOf(deps, images);
    const stream = Readable.from(archive(members), { objectMode: false, highWaterMark: 1024 * 1024 });
    stream.once("close", () => lease.release());
    for (const { record } of images) emitImage(deps, "save", record.id, record.id);
    return stream;
  } catch (error) {
    lease.release();
    throw error;
  }
}

async function membersOf(deps: ImagesDeps, images: readonly SavedImage[]): Promise<Member[]> {
  const members = new Map<string, Member>();
  const described: Parameters<typeof saveDocuments>[0][number][] = [];
  for (const image of images) {
    const { record } = image;
    const mtime = timeOf(record.created);
    const config = await deps.blobs.read(record.id);
    const layers = [];
    for (const { diffId, chainId, blob } of record.layers) {
      const size = tarBytes(deps, chainId);
      layers.push({ diffId, size });
      const content = (): AsyncIterable<Buffer> => layerTar(deps.blobs, blob);
      members.set(blobName(diffId), { name: blobName(diffId), size, mtime, content });
    }
    members.set(blobName(record.id), small(blobName(record.id), config, mtime));
    described.push({ image, layers, configSize: config.length });
  }
  return [...members.values(), ...documentMembers(saveDocuments(described))].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function tarBytes({ layers }: ImagesDeps, chainId: Digest): number {
  const layer = layers.get(chainId);
  if (layer === undefined) throw new BerthError("unavailable", `layer ${chainId} is missing`);
  return layer.tarBytes;
}

function documentMembers({ manifests, files }: SaveDocuments): Member[] {
  return [
    ...[...manifests].map(([digest, bytes]) => small(blobName(digest), bytes, 0n)),
    ...[...files].map(([name, bytes]) => small(name, bytes, 0n)),
  ];
}

function small(name: string, bytes: Buffer, mtime: bigint): Member {
  return { name, size: bytes.length, mtime, content: () => [bytes] };
}

function timeOf(created: string): bigint {
  const time = Date.parse(created);
  return Number.isNaN(time) ? 0n : BigInt(Math.floor(time / 1000)) * 1_000_000_000n;
}

async function* archive(members: readonly Member[]): AsyncGenerator<Buffer> {
  const now = nowNano();
  for (const name of ["blobs/", "blobs/sha256/"])
    yield encodeHeader({ name, type: "directory", mode: 0o755, mtime: now });
  for (const { name, size, mtime, content } of members) {
    yield encodeHeader({ name, size, mtime, mode: 0o644 });
    let left = size;
    for await (const chunk of content()) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
    }
    if (left !== 0) throw new BerthError("corrupt", `${name} has changed its size while it was saved`);
    yield Buffer.alloc(paddingOf(size));
  }
  yield endOfArchive();
}
