/** Variables in the order in which they were set first: "NAME=value" lists, as images have them. */
export function setVariable(env: readonly string[], key: string, value: string): string[] {
  const at = env.findIndex((entry) => entry.startsWith(`${key}=`));
  const entry = `${key}=${value}`;
  return at < 0 ? [...env, entry] : env.map((old, index) => (index === at ? entry : old));
}

export function variableOf(env: readonly string[], key: string): string | undefined {
  return env.findLast((entry) => entry.startsWith(`${key}=`))?.slice(key.length + 1);
}

/** What images without a PATH get (BuildKit's for Linux). */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
