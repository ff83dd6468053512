import type { Readable } from "node:stream";
import { type Compression, detectCompression, MAGIC_BYTES, peek } from "../../lib/compress/index.ts";
import { invalid, nowNano, rfc3339Nano } from "../../lib/index.ts";
import type { ContainerConfig } from "../../spec/api/index.ts";
import {
  hostPlatform,
  isTag,
  mediaTypes,
  type Platform,
  parseImageConfig,
  parsePlatform,
  type Reference,
} from "../../spec/index.ts";
import { decompressOdd, type Lease } from "../../store/index.ts";
import type { Progress } from "../engine.ts";
import { applyChanges } from "./changes/apply-changes.ts";
import { abandon } from "./collect-unused.ts";
import { containerConfig } from "./container-config.ts";
import { emitImage, type ImagesDeps } from "./images-context.ts";
import { type ReceivedLayer, receiveLayer } from "./receive-layer.ts";
import { parseTarget, setTag } from "./tag-image.ts";

export interface ImportOptions {
  repo?: string;
  tag?: string;
  message?: string;
  changes: string[];
  platform?: string;
}

const layerTypes: Readonly<Record<Compression, string>> = {
  none: mediaTypes.ociLayerZstd, // packed on its way in
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
  xz: mediaTypes.ociLayerZstd, // unpacked and packed anew: no layer type is xz or bzip2
  bzip2: mediaTypes.ociLayerZstd,
};

/** Makes an image of one layer from a tar, plain or compressed. The last progress line is its id. */
export async function importImage(
  deps: ImagesDeps,
  archive: Readable,
  options: ImportOptions,
  progress: Progress,
): Promise<void> {
  const target = targetOf(options);
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform();
  if (platform.os !== "linux") throw invalid("operating system is not supported");
  const config = applyChanges({}, options.changes);
  const lease = deps.store.leases.take();
  try {
    const { layer, mediaType } = await receive(deps, archive, lease);
    const bytes = Buffer.from(JSON.stringify(configDocument(deps, options, platform, config, layer)));
    const id = await deps.blobs.put(bytes);
    lease.hold(id);
    const parsed = parseImageConfig(bytes);
    const { diffId, chainId, size } = layer;
    const layers = [{ diffId, chainId, blob: { mediaType, ...layer.blob } }];
    const created = parsed.created ?? "";
    await deps.store.put({ schema: 1, id, mediaType: mediaTypes.ociConfig, created, size, config: parsed, layers });
    if (target !== undefined) await setTag(deps, id, target);
    emitImage(deps, "import", id, id);
    progress({ status: id });
  } finally {
    await abandon(deps, lease); // a success has its record by now
  }
}

/** The name that a request gives, undefined where it gives none. Throws "invalid". */
export function targetOf({ repo, tag }: Pick<ImportOptions, "repo" | "tag">): Reference | undefined {
  if (repo === undefined || repo === "") return undefined;
  if (tag === undefined || tag === "") return parseTarget(repo);
  if (!isTag(tag)) throw invalid("invalid tag format");
  return { ...parseTarget(repo), tag };
}

async function receive(
  deps: ImagesDeps,
  archive: Readable,
  lease: Lease,
): Promise<{ layer: ReceivedLayer; mediaType: string }> {
  const { head, whole } = await peek(archive, MAGIC_BYTES);
  const compression = detectCompression(head);
  const odd = compression === "xz" || compression === "bzip2";
  const source = odd ? decompressOdd(compression, whole) : whole;
  const writer = await deps.blobs.ingest({ pack: odd || compression === "none" });
  const layer = await receiveLayer(deps.layers, source, writer, { lease });
  return { layer, mediaType: layerTypes[compression] };
}

/** The image config in Docker's form: members in the order of their names. */
function configDocument(
  deps: ImagesDeps,
  options: ImportOptions,
  platform: Platform,
  config: ContainerConfig,
  layer: ReceivedLayer,
): object {
  const created = rfc3339Nano(nowNano());
  const comment = options.message ? { comment: options.message } : {};
  return {
    architecture: platform.architecture,
    ...comment,
    config: containerConfig(config),
    created,
    docker_version: deps.version,
    history: [{ created, ...comment }],
    os: platform.os,
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    ...(platform.variant ? { variant: platform.variant } : {}),
  };
}
