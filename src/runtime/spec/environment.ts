/** Where programs are looked for unless the image says otherwise. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const nameOf = (entry: string) => entry.split("=", 1)[0] ?? "";

/**
 * Defaults with what overrides them: an entry replaces the one of its name in place, a new one is appended, one without
 * "=" takes the default away.
 */
export function mergeEnvironment(defaults: readonly string[], overrides: readonly string[]): string[] {
  const merged: (string | undefined)[] = [...defaults];
  const places = new Map(defaults.map((entry, index) => [nameOf(entry), index]));
  for (const entry of overrides) {
    const place = places.get(nameOf(entry));
    if (!entry.includes("=")) {
      if (place !== undefined) merged[place] = undefined;
    } else if (place !== undefined) merged[place] = entry;
    else merged.push(entry);
  }
  return merged.filter((entry) => entry !== undefined);
}

export interface EnvironmentInput {
  hostname: string;
  tty: boolean;
  home: string;
  env: readonly string[];
}

/**
 * A process's environment, in Docker's order. HOME is ours to give: left out, the runtime would read the container's
 * passwd file for it, whatever that is.
 */
export function environmentFor(input: EnvironmentInput): string[] {
  const defaults = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${input.hostname}`, ...(input.tty ? ["TERM=xterm"] : [])];
  const merged = mergeEnvironment(defaults, input.env);
  const home = input.home === "" ? "/" : input.home;
  const hasHome = merged.some((entry) => entry.startsWith("HOME=") && entry !== "HOME=");
  return hasHome ? merged : [...merged.filter((entry) => entry !== "HOME="), `HOME=${home}`];
}
