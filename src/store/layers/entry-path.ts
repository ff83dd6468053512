import { BerthError } from "../../lib/index.ts";

/**
 * Where an entry of a layer goes, told from its name alone: the directory it is in ("" for the layer's root) and its
 * own name there. All strings are bytes (latin1). `whiteout` hides the lower layers' `base`, `opaque` everything that
 * they have in `directory` (OCI image specification, layers, "Whiteouts").
 */
export type EntryPath =
  | { kind: "root" }
  | { kind: "ordinary" | "whiteout"; directory: string; base: string }
  | { kind: "opaque"; directory: string }
  | { kind: "ignored" };

const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
const RESERVED = ".wh..wh.";

/**
 * Takes a name apart. "." and doubled slashes are dropped, ".." is resolved lexically, and a leading slash stands for
 * the layer's root. Throws "invalid" for a name that leads outside it, or a whiteout of "." or "..".
 */
export function parseEntryPath(name: string): EntryPath {
  const path = cleanPath(name);
  if (path === "") return { kind: "root" };
  const slash = path.lastIndexOf("/");
  const directory = slash < 0 ? "" : path.slice(0, slash);
  const base = path.slice(slash + 1);
  if (!base.startsWith(PREFIX)) return { kind: "ordinary", directory, base };
  if (base === OPAQUE) return { kind: "opaque", directory };
  // What aufs kept for itself has this prefix.
  if (base.startsWith(RESERVED)) return { kind: "ignored" };
  const hidden = base.slice(PREFIX.length);
  if (hidden === "" || hidden === "." || hidden === "..")
    throw new BerthError("invalid", `invalid whiteout ${show(name)}`);
  return { kind: "whiteout", directory, base: hidden };
}

/** The path below the layer's root without ".", ".." and doubled slashes; "" for the root. Throws "invalid" outside it. */
export function cleanPath(name: string): string {
  if (isClean(name)) return name;
  const absolute = name.startsWith("/");
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined && !absolute) {
      throw new BerthError("invalid", `${show(name)} is outside of the layer`);
    }
  }
  return parts.join("/");
}

// Most names are clean but for a "./" in front or a slash at the end; those take the long way.
const isClean = (name: string) => !/^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)/.test(name);

/** A name of bytes for people. */
export const show = (name: string) => JSON.stringify(Buffer.from(name, "latin1").toString("utf8"));
