import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { failure } from "../fail.ts";

/** A Dockerfile of this machine. */
export interface DockerfileSource {
  /** As messages name it. */
  readonly name: string;
  /** undefined where there is none. */
  readonly data: Buffer | undefined;
  /** Its path within the context's folder, where it lies there. */
  readonly inContext: string | undefined;
  /** The ignore file that goes with it, or the folder's; undefined where there is neither. */
  readonly ignore: { readonly name: string; readonly text: string } | undefined;
}

/** BuildKit's own limit. */
export const MAX_DOCKERFILE = 2 * 1024 * 1024;

/**
 * The Dockerfile of a folder: `file` from where the user stands, or from the folder; "Dockerfile" or "dockerfile" where
 * it is "". NAME.dockerignore beside it goes before the folder's .dockerignore.
 */
export function readDockerfile(folder: string, file: string): DockerfileSource {
  const path = dockerfilePath(folder, file);
  const inside = relative(folder, path);
  const inContext = inside.startsWith("..") || inside === "" || inside.startsWith("/") ? undefined : inside;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory())
    throw failure(`failed to solve: failed to read dockerfile: read ${inContext ?? basename(path)}: is a directory`);
  if (stat !== undefined && stat.size > MAX_DOCKERFILE) throw tooLarge(basename(path));
  const data = stat === undefined ? undefined : readFileSync(path);
  const ignore =
    readText(`${path}.dockerignore`, `${basename(path)}.dockerignore`) ??
    readText(join(folder, ".dockerignore"), ".dockerignore");
  return { name: basename(path), data, inContext, ignore };
}

/** Where the Dockerfile of a folder lies: `file` from where the user stands, or the usual name. */
export const dockerfilePath = (folder: string, file: string) => (file === "" ? defaultPath(folder) : resolve(file));

export const tooLarge = (name: string) =>
  failure(`failed to solve: failed to read dockerfile: ${name} is larger than ${MAX_DOCKERFILE} bytes`);

function defaultPath(folder: string): string {
  const usual = join(folder, "Dockerfile");
  const lower = join(dirname(usual), "dockerfile");
  const exists = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
  return !exists(usual) && exists(lower) ? lower : usual;
}

function readText(path: string, name: string): { name: string; text: string } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return undefined;
  if (stat.size > MAX_DOCKERFILE) throw failure(`${name} is larger than ${MAX_DOCKERFILE} bytes`);
  return { name, text: readFileSync(path, "utf8") };
}
