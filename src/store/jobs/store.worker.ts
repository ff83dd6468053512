import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { BerthError } from "../../lib/index.ts";
import { MNT, syncFileSystem, unmount } from "../../system/index.ts";
import { runPack } from "../layers/pack-job.ts";
import { runUnpack } from "../layers/unpack-job.ts";
import { runArchivePack, runArchiveUnpack } from "../trees/archive-jobs.ts";
import { changesOf } from "../trees/changes.ts";
import { copyTree } from "../trees/copy-tree.ts";
import { diskUsageOf } from "../trees/disk-usage.ts";
import { layerCensus } from "../trees/layer-census.ts";
import { removeTreeSync } from "../trees/remove-tree.ts";
import type { JobContext } from "./context.ts";
import { type JobMessage, type JobName, type JobReply, type Jobs, toFailure } from "./protocol.ts";

type Handlers = {
  [Name in JobName]: (
    request: Jobs[Name]["request"],
    context: JobContext,
  ) => Promise<Jobs[Name]["result"]> | Jobs[Name]["result"];
};

const handlers: Handlers = {
  unpack: runUnpack,
  pack: runPack,
  "remove-tree": ({ path }) => {
    removeTreeSync(path);
    return undefined;
  },
  "disk-usage": ({ path }, { checkpoint }) => diskUsageOf(path, checkpoint),
  "copy-tree": (request, { checkpoint }) => copyTree(request, checkpoint),
  "archive-pack": runArchivePack,
  "archive-unpack": runArchiveUnpack,
  changes: (request, { checkpoint }) => changesOf(request, checkpoint),
  "layer-census": (request, { checkpoint }) => layerCensus(request, checkpoint),
  "sync-file-system": ({ path }) => {
    syncFileSystemOf(path);
    return undefined;
  },
  "digest-file": ({ path }, { checkpoint }) => digestOfFile(path, checkpoint),
  unmount: ({ target }) => {
    unmount(target, MNT.DETACH | MNT.NOFOLLOW);
    return undefined;
  },
};

function syncFileSystemOf(path: string): void {
  const fd = openSync(path, "r");
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
}

function digestOfFile(path: string, checkpoint: () => void): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const fd = openSync(path, "r");
  try {
    for (let count = 1; count > 0; ) {
      checkpoint();
      count = readSync(fd, buffer, 0, buffer.length, null);
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
  return `sha256:${hash.digest("hex")}`;
}

const reply = (message: JobReply) => parentPort?.postMessage(message);

parentPort?.on("message", (message: JobMessage) => {
  run(message).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ failure: toFailure(error) }),
  );
});

async function run({ job, request, cancel, port }: JobMessage): Promise<Jobs[JobName]["result"]> {
  const flag = new Int32Array(cancel);
  const context: JobContext = {
    port,
    progress: (bytes) => reply({ progress: bytes }),
    checkpoint: () => {
      if (Atomics.load(flag, 0) !== 0) throw new BerthError("cancelled", "cancelled");
    },
  };
  try {
    const handler = handlers[job] as (request: never, context: JobContext) => Promise<Jobs[JobName]["result"]>;
    return await handler(request as never, context);
  } finally {
    port?.close();
  }
}
