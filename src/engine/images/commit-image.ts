import type { Readable } from "node:stream";
import { notFound, nowNano, rfc3339Nano } from "../../lib/index.ts";
import type { ContainerConfig } from "../../spec/api/index.ts";
import { type Digest, type ImageHistory, mediaTypes, parseImageConfig } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { abandon } from "./collect-unused.ts";
import { containerConfig } from "./container-config.ts";
import type { ImagesDeps } from "./images-context.ts";
import { targetOf } from "./import-image.ts";
import { receiveLayer } from "./receive-layer.ts";
import { saveRecord } from "./save-record.ts";
import { setTag } from "./tag-image.ts";

export interface CommitImageOptions {
  base: Digest;
  /** Id of the container that it is made from. */
  container: string;
  createdBy: string;
  author: string;
  comment: string;
  config: ContainerConfig;
  /** The tar of what lies on top of the base; read once. */
  layer: () => Readable;
  repo?: string;
  tag?: string;
}

/** Diff id of an archive without entries: as in Docker it makes no layer, only a step of the history. */
const EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/** Makes an image of another one and a layer on top of it. Input is checked before anything is read. */
export async function commitImage(deps: ImagesDeps, options: CommitImageOptions): Promise<Digest> {
  const target = targetOf(options);
  const base = deps.store.get(options.base);
  if (base === undefined) throw notFound(`No such image: ${options.base}`);
  const lease = deps.store.leases.take();
  try {
    for (const { blob, chainId } of base.layers) {
      lease.hold(blob.digest);
      lease.hold(chainId);
    }
    const writer = await deps.blobs.ingest({ pack: true });
    const parent = base.layers.at(-1)?.chainId;
    const received = await receiveLayer(deps.layers, options.layer(), writer, {
      lease,
      ...(parent === undefined ? {} : { parent }),
    });
    const layer = received.diffId === EMPTY_LAYER ? undefined : received;
    const bytes = Buffer.from(JSON.stringify(document(deps, base, { ...options, diffId: layer?.diffId })));
    const id = await deps.blobs.put(bytes);
    lease.hold(id);
    const added = layer === undefined ? [] : [{ mediaType: mediaTypes.ociLayerZstd, ...layer.blob }];
    await saveRecord(deps, {
      id,
      config: parseImageConfig(bytes),
      blobs: [...base.layers.map(({ blob }) => blob), ...added],
      mediaType: mediaTypes.ociConfig,
      parent: base.id,
    });
    if (target !== undefined) await setTag(deps, id, target);
    return id;
  } finally {
    await abandon(deps, lease); // a success has its record by now
  }
}

interface Step extends CommitImageOptions {
  diffId?: Digest | undefined;
}

/** The image config in Docker's form: members in the order of their names. */
function document(deps: ImagesDeps, { config: base }: ImageRecord, step: Step): object {
  const created = rfc3339Nano(nowNano());
  const author = step.author ? { author: step.author } : {};
  const comment = step.comment ? { comment: step.comment } : {};
  const history: ImageHistory = {
    created,
    ...(step.createdBy === "" ? {} : { created_by: step.createdBy }),
    ...author,
    ...comment,
    ...(step.diffId === undefined ? { empty_layer: true } : {}),
  };
  const diffIds = [...base.rootfs.diff_ids, ...(step.diffId === undefined ? [] : [step.diffId])];
  return {
    architecture: base.architecture,
    ...author,
    ...comment,
    config: committedConfig(step.config),
    container: step.container,
    created,
    docker_version: deps.version,
    history: [...base.history, history],
    os: base.os,
    ...(base["os.version"] ? { "os.version": base["os.version"] } : {}),
    rootfs: { type: "layers", diff_ids: diffIds },
    ...(base.variant ? { variant: base.variant } : {}),
  };
}

/** What a container has of its own stays, unlike in an import: its host name, its terminal, its image. */
function committedConfig(config: ContainerConfig): ContainerConfig {
  const { Hostname = "", Domainname = "", Tty = false, OpenStdin = false, StdinOnce = false, Image = "" } = config;
  const { AttachStdin = false, AttachStdout = false, AttachStderr = false } = config;
  return {
    ...containerConfig(config),
    ...{ Hostname, Domainname, AttachStdin, AttachStdout, AttachStderr, Tty, OpenStdin, StdinOnce, Image },
    ...(config.Shell ? { Shell: config.Shell } : {}),
    ...(config.StopTimeout === undefined ? {} : { StopTimeout: config.StopTimeout }),
  };
}
