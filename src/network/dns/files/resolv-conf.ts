import { isIP } from "node:net";

/** A resolv.conf as far as it is understood; everything else is kept as it is. */
export interface ResolvConf {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** "ndots:2", "rotate". */
  readonly options: readonly string[];
  readonly others: readonly string[];
}

const lineLimit = 1000;

/** Reads resolv.conf(5). Servers that are no address are left out; the last search or domain line counts. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  const others: string[] = [];
  for (const line of text.split("\n", lineLimit)) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === undefined || keyword === "" || /^[#;]/.test(keyword)) continue;
    const [word] = words;
    if (keyword === "nameserver") {
      if (word !== undefined && isIP(word) !== 0) servers.push(word);
    } else if (keyword === "search" || keyword === "domain") {
      if (word !== undefined) search = words;
    } else if (keyword === "options") options.push(...words);
    else others.push(line.trim());
  }
  return { servers, search, options, others };
}

/** The value of the last option of that name ("" without one), or undefined. */
export function optionOf(options: readonly string[], name: string): string | undefined {
  const found = options.findLast((option) => option.split(":", 1)[0] === name);
  return found?.slice(name.length + 1);
}

export const isLoopback = (address: string) => address.startsWith("127.") || address === "::1";
