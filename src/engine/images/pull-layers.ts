import { createReadStream } from "node:fs";
import { BerthError, type createKeyedQueue, type Queue } from "../../lib/index.ts";
import type { Descriptor, Digest } from "../../spec/index.ts";
import { chainIdsOf, type Lease } from "../../store/index.ts";
import type { Progress } from "../engine.ts";
import { downloadBlob } from "./download-blob.ts";
import { type ImageRegistry, type ImagesDeps, shortId } from "./images-context.ts";
import { createLayerProgress } from "./layer-progress.ts";
import { receiveLayer } from "./receive-layer.ts";
import { knownBlob } from "./save-record.ts";
import type { TransferSink, Transfers } from "./transfers.ts";

type KeyedQueue = ReturnType<typeof createKeyedQueue>;

/** What pulls share in a daemon: transfers under way, and how many may download at once. */
export interface PullResources {
  transfers: Transfers<void>;
  downloads: Queue;
  /** One at a time for each digest: the same blob at two places of a stack is fetched once. */
  perBlob: KeyedQueue;
  /** Seconds; see DownloadOptions. */
  retryDelay: number;
}

export interface LayersRequest {
  registry: ImageRegistry;
  repository: string;
  layers: readonly Descriptor[];
  diffIds: readonly Digest[];
  lease: Lease;
  signal: AbortSignal;
  progress: Progress;
}

interface LayerTask {
  blob: Descriptor;
  diffId: Digest;
  chainId: Digest;
  parent: Digest | undefined;
}

/**
 * Brings an image's layers in, those that are not there. Gives the blob of each, the lowest first: that of the
 * manifest, or the one by which an image that is here has the same layer.
 */
export async function pullLayers(
  deps: ImagesDeps,
  resources: PullResources,
  request: LayersRequest,
): Promise<Descriptor[]> {
  const chainIds = chainIdsOf(request.diffIds);
  request.lease.hold(...chainIds, ...request.layers.map(({ digest }) => digest));
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const work = request.layers.map((blob, index) => {
    const task = {
      blob,
      diffId: request.diffIds[index] ?? "",
      chainId: chainIds[index] ?? "",
      parent: chainIds[index - 1],
    };
    return startLayer(deps, resources, { ...request, signal }, task);
  });
  try {
    return await Promise.all(work);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(work);
    throw error;
  }
}

/** Says at once whether the layer is here; the rest follows. */
function startLayer(
  deps: ImagesDeps,
  resources: PullResources,
  request: LayersRequest,
  task: LayerTask,
): Promise<Descriptor> {
  const shown = createLayerProgress(request.progress, shortId(task.blob.digest));
  const here = existing(deps, task);
  if (here !== undefined) {
    request.lease.hold(here.digest);
    shown.status("Already exists");
    return Promise.resolve(here);
  }
  shown.status("Pulling fs layer");
  return resources.transfers
    .join(task.chainId, shown, request.signal, (sink, signal) =>
      resources.perBlob(task.blob.digest, () => bringIn(deps, resources, { ...request, signal }, task, sink)),
    )
    .then(() => task.blob);
}

function existing(deps: ImagesDeps, { blob, chainId }: LayerTask): Descriptor | undefined {
  if (deps.layers.get(chainId) === undefined) return undefined;
  return deps.blobs.has(blob.digest) ? blob : knownBlob(deps, chainId);
}

async function bringIn(
  deps: ImagesDeps,
  resources: PullResources,
  request: LayersRequest,
  task: LayerTask,
  sink: TransferSink,
): Promise<void> {
  if (deps.blobs.has(task.blob.digest)) await unpackBlob(deps, request, task, sink);
  else await downloadWithPlace(deps, resources, request, task, sink);
  sink.status("Pull complete");
}

/** The blob is whole from an earlier pull that did not get further. */
async function unpackBlob(
  deps: ImagesDeps,
  { signal }: LayersRequest,
  task: LayerTask,
  sink: TransferSink,
): Promise<void> {
  sink.status("Download complete");
  sink.bytes("Extracting", 0, task.blob.size);
  await deps.layers.unpack({
    ...unpackOptions(task, signal),
    source: { blobPath: deps.blobs.path(task.blob.digest) },
    onProgress: (bytes) => sink.bytes("Extracting", bytes, task.blob.size),
  });
}

function unpackOptions({ diffId, parent }: LayerTask, signal: AbortSignal) {
  return { expectedDiffId: diffId, signal, ...(parent === undefined ? {} : { parent }) };
}

/** Waits for a place among the downloads; the place is given up when the last byte is here, not when it is unpacked. */
function downloadWithPlace(
  deps: ImagesDeps,
  { downloads, retryDelay }: PullResources,
  request: LayersRequest,
  task: LayerTask,
  sink: TransferSink,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = false;
    downloads(() => {
      begun = true;
      return new Promise<void>((leave) => {
        download(deps, request, task, sink, retryDelay, leave).then(resolve, reject).finally(leave);
      });
    });
    if (!begun) sink.status("Waiting");
  });
}

async function download(
  deps: ImagesDeps,
  request: LayersRequest,
  task: LayerTask,
  sink: TransferSink,
  retryDelay: number,
  leave: () => void,
): Promise<void> {
  request.signal.throwIfAborted();
  // Bytes of a broken attempt may be wrong: then their file has gone, and once more from the start decides.
  const offset = await receive(deps, request, task, sink, retryDelay, leave).catch((error: unknown) => {
    const resumed = (error as { resumedAt?: number }).resumedAt ?? 0;
    if (resumed === 0 || (error as { kind?: string }).kind !== "corrupt") throw error;
    return undefined;
  });
  if (offset === undefined) await receive(deps, request, task, sink, retryDelay, leave);
}

/** One download, unpacked on the way. Gives the offset at which it was resumed; a failure has it as `resumedAt`. */
async function receive(
  deps: ImagesDeps,
  { registry, repository, signal, lease }: LayersRequest,
  task: LayerTask,
  sink: TransferSink,
  retryDelay: number,
  leave: () => void,
): Promise<number> {
  const { blob } = task;
  const writer = await deps.blobs.ingest({ expected: blob.digest, limit: blob.size, signal });
  const { offset } = writer;
  let done = offset;
  let [verified, unpacked] = [false, 0];
  const showUnpacked = (): void => {
    if (verified) sink.bytes("Extracting", unpacked, blob.size);
  };
  const source = downloadBlob(registry, { repository, blob, offset, signal, sink, retryDelay });
  try {
    await receiveLayer(deps.layers, source, writer, {
      ...unpackOptions(task, signal),
      lease,
      finishBlob: true,
      ...(offset === 0 ? {} : { before: createReadStream(deps.blobs.partialPath(blob.digest), { end: offset - 1 }) }),
      onChunk: (bytes) => {
        done += bytes;
        sink.bytes("Downloading", done, blob.size);
      },
      onReceived: () => {
        sink.status("Verifying Checksum");
      },
      onVerified: () => {
        leave();
        sink.status("Download complete");
        verified = true;
        showUnpacked();
      },
      onProgress: (bytes) => {
        unpacked = bytes;
        showUnpacked();
      },
    });
    return offset;
  } catch (error) {
    throw withOffset(error, offset);
  }
}

function withOffset(error: unknown, offset: number): unknown {
  const found = error instanceof Error ? error : new BerthError("internal", String(error));
  return Object.assign(found, { resumedAt: offset });
}
