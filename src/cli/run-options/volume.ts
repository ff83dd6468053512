import { isAbsolute, resolve } from "node:path";
import { cut } from "../core/flag.ts";

/**
 * Splits `-v` values: those with a source are binds (named volumes too), a path alone is an anonymous volume. A source
 * that begins with "." is made absolute. What is wrong with a spec is said by the daemon.
 */
export function splitVolumes(specs: readonly string[]): {
  binds: string[];
  volumes: Record<string, Record<string, never>>;
} {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of new Set(specs)) {
    const [source, rest] = cut(spec, ":");
    if (rest === undefined) volumes[spec] = {};
    else if (!isAbsolute(source) && source.startsWith(".")) binds.push(`${resolve(source)}:${rest}`);
    else binds.push(spec);
  }
  return { binds, volumes };
}
