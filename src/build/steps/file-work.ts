import { isRemote } from "../graph/index.ts";
import type { FileOps as FileJobs, FileSelection, CopyRequest as FilesToCopy } from "../ops/files/index.ts";
import type { CopyRequest, CopySource, FileOps } from "./file-ops.ts";

/** A file or folder that ADD has fetched, in a folder of its own. */
export interface Fetched {
  readonly root: string;
  readonly paths: readonly string[];
  /** What stands for its content. */
  readonly key: string;
}

/** Fetches what ADD names by a URL. */
export type FetchSource = (
  url: string,
  instruction: CopyRequest["instruction"],
  signal: AbortSignal,
) => Promise<Fetched>;

/** COPY, ADD and WORKDIR as the workers on files want them. */
export function createFileWork(jobs: FileJobs, fetch: FetchSource): FileOps {
  const selections = async (request: CopyRequest): Promise<{ sources: FileSelection[]; keys: string[] }> => {
    const { instruction, source, signal } = request;
    const parents = instruction.kind === "copy" && instruction.parents;
    const remote = instruction.kind === "add" ? instruction.sources.filter(isRemote) : [];
    const local = instruction.sources.filter((path) => !remote.includes(path));
    const exclude = instruction.exclude;
    const sources: FileSelection[] = [];
    const keys: string[] = [];
    if (source !== undefined && local.length > 0) sources.push({ root: source.root, paths: local, exclude, parents });
    for (const url of remote) {
      const { root, paths, key } = await fetch(url, instruction, signal);
      sources.push({ root, paths, exclude, parents: false });
      keys.push(key);
    }
    return { sources, keys };
  };
  return {
    async hash(request) {
      const { sources, keys } = await selections(request);
      const stable = request.source?.context !== undefined;
      const local = sources.slice(0, sources.length - keys.length);
      const digest =
        local.length === 0 ? "" : await jobs.hash({ sources: local, owners: false, stable }, request.signal);
      return [digest, ...keys].join(" ");
    },
    hashPath: (source: CopySource, path, signal) =>
      jobs.hash(
        {
          sources: [{ root: source.root, paths: [path], exclude: [], parents: false }],
          owners: true,
          stable: source.context !== undefined,
        },
        signal,
      ),
    async copy(request) {
      const { instruction, cwd, target, signal } = request;
      const { sources, keys } = await selections(request);
      const { chown, chmod, destination, inlineFiles } = instruction;
      const all: FilesToCopy = {
        sources,
        inline: inlineFiles.map(({ path, data }) => ({ name: path, data })),
        target,
        destination: absolute(cwd, destination),
        ...(chown === undefined ? {} : { chown }),
        ...(chmod === undefined ? {} : { chmod }),
        unpack: instruction.kind === "add" && (instruction.unpack ?? keys.length === 0),
      };
      await jobs.copy(all, signal);
    },
    workdir: (target, path, user) => jobs.makeWorkdir({ target, path, user }, new AbortController().signal),
  };
}

/** With its slash at the end, which says that it is a directory. */
function absolute(cwd: string, destination: string): string {
  const full = destination.startsWith("/") ? destination : `${cwd.replace(/\/$/, "")}/${destination}`;
  const directory = /(^|\/)\.{0,2}$/.test(full);
  const parts: string[] = [];
  for (const part of full.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}${directory && parts.length > 0 ? "/" : ""}`;
}
