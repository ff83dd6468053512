import { parseCsv } from "../../lib/flags/index.ts";
import { cut } from "../core/flag.ts";
import { failure } from "./fail.ts";

/** "type=local,dest=out" as pairs, keys in lower case. `bad` words a part that has no "=". */
export function parseFields(text: string, bad: (part: string) => string): [string, string][] {
  return parseCsv(text).map((part) => {
    const [key, value] = cut(part, "=");
    if (value === undefined) throw failure(bad(part));
    return [key.trim().toLowerCase(), value];
  });
}

/** "NAME=value" pairs of --build-arg and --label; a bare NAME has what `lookup` gives, and is left out without it. */
export function parsePairs(
  texts: readonly string[],
  lookup: (name: string) => string | undefined,
): Record<string, string> {
  const pairs: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const text of texts) {
    const [name, value] = cut(text, "=");
    if (name === "") throw failure(`invalid key-value pair ${JSON.stringify(text)}: empty key`);
    const found = value ?? lookup(name);
    if (found !== undefined) pairs[name] = found;
  }
  return pairs;
}
