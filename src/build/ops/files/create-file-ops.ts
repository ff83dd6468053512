import { createReadStream } from "node:fs";
import type { Archives } from "../../../store/index.ts";
import { closeFd, O_DIRECTORY, O_NONBLOCK, O_RDONLY, openIn } from "../../../system/index.ts";
import type { ArchiveToUnpack, CopyRequest, HashRequest } from "./copy-request.ts";
import { createFileJobs } from "./file-jobs.ts";

/** What COPY, ADD and WORKDIR do with files, off the main thread. */
export interface FileOps {
  /**
   * Copies into a mounted root; see CopyRequest. Kinds: not-found (a source), conflict (a file where a folder stands, or
   * the reverse), invalid (owner, mode, archive), exhausted, cancelled.
   */
  copy(request: CopyRequest, signal: AbortSignal): Promise<void>;
  /** A digest of what copying the sources would give: see HashRequest. "not-found" as BuildKit tells it. */
  hash(request: HashRequest, signal: AbortSignal): Promise<string>;
  /** Makes a WORKDIR with its parents, where it is not there; a new one belongs to the user. */
  makeWorkdir(request: { target: string; path: string; user: string }, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const PARALLEL = 4;

export function createFileOps({ archives }: { archives: Archives }): FileOps {
  const jobs = createFileJobs({ size: PARALLEL });
  return {
    async copy(request, signal) {
      const left = (await jobs.run({ kind: "copy", request }, signal)) as ArchiveToUnpack[];
      for (const archive of left) await unpack(archives, request.target, archive, signal);
    },
    hash: async (request, signal) => (await jobs.run({ kind: "hash", request }, signal)) as string,
    makeWorkdir: async (request, signal) => void (await jobs.run({ kind: "workdir", request }, signal)),
    close: () => jobs.close(),
  };
}

async function unpack(
  archives: Archives,
  target: string,
  archive: ArchiveToUnpack,
  signal: AbortSignal,
): Promise<void> {
  const { root, path, destination, owner } = archive;
  const folder = Buffer.from(destination === "" ? "." : destination, "latin1");
  const directory = openIn(target, folder, O_RDONLY | O_DIRECTORY);
  try {
    const fd = openIn(root, Buffer.from(path, "latin1"), O_RDONLY | O_NONBLOCK);
    const source = createReadStream("", { fd, autoClose: true, highWaterMark: 1024 * 1024 });
    await archives.unpack({ directory, ...(owner === undefined ? {} : { owner }) }, source, signal);
  } finally {
    closeFd(directory);
  }
}
