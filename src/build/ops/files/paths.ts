import { conflict } from "../../../lib/index.ts";
import { cstring, lstatIn, readlinkIn } from "../../../system/index.ts";

const MAX_LINKS = 40;

/** A path below the root, links at its end followed as far as they lead; without a slash in front; latin1. */
export function resolved(root: string, path: string): string {
  let current = cleaned(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    const stat = lstatIn(root, bytesOf(current));
    if (stat === undefined || !stat.isSymbolicLink()) return current;
    const link = readlinkIn(root, utf8(current));
    if (link === undefined) return current;
    current = cleaned(link.startsWith("/") ? latin1(link) : `${split(current).folder}/${latin1(link)}`);
  }
  throw conflict(`too many links: /${utf8(path)}`);
}

function cleaned(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.join("/");
}

/** Paths are latin1 texts, so that any bytes survive; these turn them into what calls take. */
export const joined = (...parts: string[]): string => parts.filter((part) => part !== "").join("/");
export const latin1 = (path: string): string => Buffer.from(path).toString("latin1");
export const utf8 = (path: string): string => Buffer.from(path, "latin1").toString();
export const bytesOf = (path: string): Buffer => Buffer.from(path === "" ? "." : path, "latin1");
export const nameOf = (name: string): Buffer => cstring(Buffer.from(name, "latin1"));

/** The folder that holds a path, and its last name. */
export function split(path: string): { folder: string; name: string } {
  const at = path.lastIndexOf("/");
  return { folder: at === -1 ? "" : path.slice(0, at), name: path.slice(at + 1) };
}
