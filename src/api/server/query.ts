import { BerthError, invalid } from "../../lib/index.ts";

/** Docker's boolean: unset, "", "0", "no", "false" and "none" are false, everything else is true. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? "").trim().toLowerCase();
  return !(value === "" || value === "0" || value === "no" || value === "false" || value === "none");
}

/** The parameter's text; undefined where it is missing or empty. */
export function queryText(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name);
  return value === null || value === "" ? undefined : value;
}

/** The parameter as a 32-bit integer; undefined where it is missing or empty. Fails "invalid" in Docker's words. */
export function queryInt(query: URLSearchParams, name: string): number | undefined {
  const text = queryText(query, name);
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (Math.abs(value) > 0x7fff_ffff) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

/** Only the entries that have a value: what an options object with optional members wants. */
export function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) out[key] = value;
  return out as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The error for an endpoint, or a part of one, that is not built. It names it. */
export const notBuilt = (what: string) =>
  new BerthError("not-implemented", `${what} is not implemented by this engine`);
