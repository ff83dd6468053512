import { posix } from "node:path";
import { CliError } from "../core/cli-error.ts";

/** What a copy has to know of one of its ends. */
export interface CopyEnd {
  path: string;
  exists: boolean;
  isDirectory: boolean;
  /** The name that was asked for, where following a link has led to another. */
  rebaseName?: string;
}

/** Takes CONTAINER:PATH apart; without a container for what is a local path. */
export function splitArgument(text: string): { container: string; path: string } {
  const colon = text.indexOf(":");
  if (text.startsWith("/") || text.startsWith(".") || colon < 0) return { container: "", path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Go's filepath.Clean. */
export const clean = (path: string): string => (path === "" ? "." : posix.normalize(path).replace(/(?<=.)\/$/, ""));

const endsInSlash = (path: string) => path.endsWith("/");
const isDot = (path: string) => base(path) === ".";

/** Go's filepath.Base. */
export function base(path: string): string {
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** A cleaned path with the "/" or "/." at the end that the original has. */
export function keepEnding(cleaned: string, original: string): string {
  let path = cleaned;
  if (!isDot(path) && isDot(original)) path += endsInSlash(path) ? "." : "/.";
  if (!endsInSlash(path) && endsInSlash(original)) path += "/";
  return path;
}

/** Directory and entry of a path; "." is an entry where it was written. */
export function splitEntry(path: string): { folder: string; entry: string } {
  const cleaned = isDot(path) ? `${clean(path)}/.` : clean(path);
  const slash = cleaned.lastIndexOf("/");
  return { folder: slash < 0 ? "." : clean(cleaned.slice(0, slash + 1)), entry: base(cleaned) };
}

/** A link's target with the link's ending, and the name that the copy should have where the two differ. */
export function rebaseName(path: string, target: string): { path: string; name: string } {
  const kept = keepEnding(target, path);
  return { path: kept, name: base(path) === base(kept) ? "" : base(path) };
}

/** Where an archive of the source goes, and how the first component of its names changes on the way. */
export interface CopyPlan {
  folder: string;
  rename?: { from: string; to: string };
}

/** Docker's rules for what a copy makes at its destination. */
export function planCopy(source: CopyEnd, destination: CopyEnd): CopyPlan {
  const { folder, entry } = splitEntry(destination.path);
  if (destination.exists && destination.isDirectory) return { folder: destination.path };
  if (destination.exists && source.isDirectory) throw new CliError("cannot copy directory");
  if (!source.isDirectory && !destination.exists && (endsInSlash(destination.path) || isDot(destination.path)))
    throw new CliError("no such directory");
  const from = source.rebaseName || splitEntry(source.path).entry;
  return { folder, rename: { from, to: entry } };
}

/** An archive's name after the change: only its first component can change. */
export function renamed(name: string, { from, to }: NonNullable<CopyPlan["rename"]>): string {
  const old = from === "/" ? "" : from;
  if (old === "") return `${to}${name.startsWith("/") ? "" : "/"}${name}`;
  const bare = name.startsWith("./") && old === "." ? name.slice(2) : undefined;
  if (bare !== undefined) return `${to}/${bare}`;
  if (name === old || name.startsWith(`${old}/`)) return to + name.slice(old.length);
  return name;
}
