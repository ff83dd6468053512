import { createHash, type Hash } from "node:crypto";
import { BerthError, invalid } from "../../lib/index.ts";
import { DEFAULT_TAR_LIMITS, type TarLimits, TarParser } from "../../lib/tar/index.ts";
import { cstring } from "../../system/index.ts";
import { receiveChunks, sendChunks } from "../jobs/chunks.ts";
import type { JobContext } from "../jobs/context.ts";
import { decompress } from "../layers/decompress.ts";
import { LayerWriter } from "../layers/layer-writer.ts";
import { inBatches } from "../layers/pack-job.ts";
import { packNamed, packTree } from "../layers/pack-tree.ts";

export interface ArchivePackRequest {
  /** Open descriptor of a directory; the caller closes it when the job is over. */
  directory: number;
  /** What to pack in it (bytes as latin1); "." for itself. */
  name: string;
  /** Its name in the archive. */
  as: string;
  /** What is in the directory, without an entry for itself and under no name. */
  contents?: boolean;
}

/** Sends a file or a tree as an archive; whoever it belongs to may change it meanwhile. No link is followed. */
export async function runArchivePack(request: ArchivePackRequest, context: JobContext): Promise<undefined> {
  const { directory, name, as } = request;
  if (context.port === undefined) throw new BerthError("internal", "an archive without a reader");
  const { checkpoint } = context;
  const options = { form: "tree", hostile: true, checkpoint } as const;
  const tar = request.contents
    ? packTree(`/proc/self/fd/${directory}`, options)
    : packNamed(directory, cstring(Buffer.from(name, "latin1")), Buffer.from(as, "latin1"), options);
  await sendChunks(context.port, inBatches(tar));
  return undefined;
}

export interface ArchiveUnpackRequest {
  /** Open descriptor of the directory that everything stays in; the caller closes it when the job is over. */
  directory: number;
  /** Refuse to put a directory in the place of something else, or the reverse. */
  keepKinds?: { root: string };
  owner?: { uid: number; gid: number };
  limits?: Partial<TarLimits>;
  /** The archive's entry for the top gives the directory its owner, mode and times. */
  describesTop?: boolean;
  /** Of the bytes as they came, to their end; another one fails "invalid". */
  expected?: string;
}

/** Unpacks an archive, compressed or not, over what is in a directory. Nothing outside it is touched. */
export async function runArchiveUnpack(request: ArchiveUnpackRequest, context: JobContext): Promise<undefined> {
  const { directory, keepKinds, owner, limits, describesTop, expected } = request;
  if (context.port === undefined) throw new BerthError("internal", "an archive without a source");
  const hash = createHash("sha256");
  const whole = hashing(receiveChunks(context.port), expected === undefined ? undefined : hash);
  const { data } = await decompress(whole);
  const writer = new LayerWriter({
    root: directory,
    whiteouts: "none",
    checkpoint: context.checkpoint,
    ...(keepKinds === undefined ? {} : { keepKinds }),
    ...(owner === undefined ? {} : { owner }),
    ...(describesTop === undefined ? {} : { describesTop }),
  });
  try {
    const parser = new TarParser(writer, { ...DEFAULT_TAR_LIMITS, ...limits });
    for await (const chunk of data) {
      context.checkpoint();
      parser.write(chunk);
    }
    parser.end();
    writer.finish();
  } finally {
    writer.close();
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (expected !== undefined && digest !== expected) throw invalid(`the archive is ${digest}, not ${expected}`);
  return undefined;
}

async function* hashing(source: AsyncIterable<Buffer>, hash: Hash | undefined): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash?.update(chunk);
    yield chunk;
  }
}
