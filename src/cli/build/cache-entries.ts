import { resolve } from "node:path";
import { parseCsv } from "../../lib/flags/index.ts";
import { cut } from "../core/flag.ts";
import { failure } from "./fail.ts";

/** A cache outside of the daemon: a kind and what it takes. */
export interface CacheEntry {
  readonly type: string;
  readonly attributes: Record<string, string>;
}

/** `--cache-from` and `--cache-to`: "user/app:cache" or "type=local,src=DIR". Folders become absolute. */
export function parseCacheEntry(text: string): CacheEntry {
  const fields = parseCsv(text);
  if (fields.every((field) => !field.includes("="))) return { type: "registry", attributes: { ref: text } };
  let type = "";
  const attributes: Record<string, string> = {};
  for (const field of fields) {
    const [name, value] = cut(field, "=");
    if (value === undefined) throw failure(`invalid value ${field}`);
    const key = name.trim().toLowerCase();
    if (key === "type") type = value;
    else attributes[key] = value;
  }
  if (type === "") throw failure(`type required form> ${JSON.stringify(text)}`);
  if (type === "local")
    for (const key of ["src", "dest"]) if (attributes[key] !== undefined) attributes[key] = resolve(attributes[key]);
  return { type, attributes };
}
