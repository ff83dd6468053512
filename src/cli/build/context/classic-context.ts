import { createIgnoreMatcher, parseIgnoreFile } from "../../../lib/ignore/index.ts";
import { createTar } from "../../../lib/tar/index.ts";
import { CliError } from "../../core/cli-error.ts";
import type { BuildPlan } from "../build-plan.ts";
import { failure } from "../fail.ts";
import { packContext } from "./pack.ts";
import { type DockerfileSource, MAX_DOCKERFILE, readDockerfile, tooLarge } from "./read-dockerfile.ts";
import { collect, isArchive, peek, standardInput } from "./stdin.ts";
import { walkContext } from "./walk.ts";

/** Name of a Dockerfile that lies outside of the context, or came from standard input, within the archive. */
const OWN_NAME = ".berth.Dockerfile";

/** What `POST /build` needs of a context: one archive, or an address that the daemon fetches. */
export interface ClassicContext {
  readonly dockerfile: string;
  readonly remote?: string;
  readonly archive?: AsyncIterable<Buffer>;
}

/** Packs a build's context for the classic endpoint. */
export async function classicContext(plan: BuildPlan): Promise<ClassicContext> {
  const { context: place, flags } = plan;
  const file = flags.file === "-" ? await dockerfileFromStdin() : undefined;
  if (place.kind === "remote") {
    if (file !== undefined)
      return {
        dockerfile: "Dockerfile",
        remote: place.url,
        archive: one(createTar([{ name: "Dockerfile", content: file }])),
      };
    return { dockerfile: flags.file || "Dockerfile", remote: place.url };
  }
  if (place.kind === "stdin") return stdinContext(flags.file);
  if (file !== undefined)
    return folderContext(place.path, { name: OWN_NAME, data: file, inContext: undefined, ignore: undefined });
  const source = readDockerfile(place.path, flags.file);
  if (source.data === undefined)
    throw new CliError(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${place.path}/${source.name}: no such file or directory`,
    );
  return folderContext(place.path, source);
}

function folderContext(folder: string, { inContext, data, ignore }: DockerfileSource): ClassicContext {
  const rules = ignore === undefined ? undefined : createIgnoreMatcher(parseIgnoreFile(ignore.text));
  const keep = new Set([".dockerignore", ...(inContext === undefined ? [] : [inContext])]);
  const entries = walkContext(folder, rules, keep);
  const name = inContext ?? OWN_NAME;
  const extra = inContext === undefined && data !== undefined ? [{ name, data }] : [];
  return { dockerfile: name, archive: packContext(folder, entries, extra) };
}

async function stdinContext(file: string): Promise<ClassicContext> {
  const { head, all } = await peek(standardInput());
  if (isArchive(head)) return { dockerfile: file || "Dockerfile", archive: all };
  const data = await collect(all, MAX_DOCKERFILE, () => tooLarge("Dockerfile"));
  if (file !== "") throw failure("ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles");
  return { dockerfile: "Dockerfile", archive: one(createTar([{ name: "Dockerfile", content: data }])) };
}

export function dockerfileFromStdin(): Promise<Buffer> {
  return collect(standardInput(), MAX_DOCKERFILE, () => tooLarge("Dockerfile"));
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
