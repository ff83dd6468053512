import type { AddInstruction } from "../dockerfile/index.ts";
import { isRemote } from "../graph/index.ts";
import type {
  FileOps as FileJobs,
  FileSelection,
  CopyRequest as FilesToCopy,
  RemoteSources,
} from "../ops/files/index.ts";
import type { CopyRequest, CopySource, FileOps } from "./file-ops.ts";

/** COPY, ADD and WORKDIR as the workers on files want them. */
export function createFileWork(jobs: FileJobs, remote: RemoteSources): FileOps {
  const selections = async (request: CopyRequest): Promise<{ sources: FileSelection[]; fetched: boolean }> => {
    const { instruction, source, signal } = request;
    const parents = instruction.kind === "copy" && instruction.parents;
    const { exclude } = instruction;
    const urls = instruction.kind === "add" ? instruction.sources.filter(isRemote) : [];
    const paths = instruction.sources.filter((path) => !urls.includes(path));
    const sources: FileSelection[] = [];
    if (source !== undefined && paths.length > 0) sources.push({ root: source.root, paths, exclude, parents });
    for (const url of urls) {
      const { checksum, keepGitDir } = instruction as AddInstruction;
      const { root, name } = await remote.fetch(url, { checksum, keepGitDir }, signal);
      sources.push({ root, paths: [name], exclude, parents: false });
    }
    return { sources, fetched: urls.length > 0 };
  };
  return {
    async hash(request) {
      const { sources, fetched } = await selections(request);
      const stable = request.source?.context !== undefined && !fetched;
      return sources.length === 0 ? "" : jobs.hash({ sources, owners: false, stable }, request.signal);
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
      const { sources, fetched } = await selections(request);
      const { chown, chmod, destination, inlineFiles } = instruction;
      const all: FilesToCopy = {
        sources,
        inline: inlineFiles.map(({ path, data }) => ({ name: path, data })),
        target,
        destination: absolute(cwd, destination),
        ...(chown === undefined ? {} : { chown }),
        ...(chmod === undefined ? {} : { chmod }),
        unpack: instruction.kind === "add" && (instruction.unpack ?? !fetched),
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
