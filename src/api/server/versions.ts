/** The newest Engine API version that is served, and the version meant by a path without one. */
export const API_VERSION = "1.51";
/** The oldest Engine API version that is served. */
const MIN_API_VERSION = "1.24";

/** Negative, zero or positive as `a` is older than, the same as, or newer than `b`. Missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = Number(left[i] ?? 0) - Number(right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a client of `version` knows what came with API `since`. */
export const atLeast = (version: string, since: string) => compareVersions(version, since) >= 0;

/** Splits "/v1.41/info" into version and path; a path without a version prefix has none. */
export function splitVersion(path: string): { version: string | undefined; path: string } {
  const match = /^\/v([0-9]+(?:\.[0-9]+)*)(\/.*)$/.exec(path);
  if (match?.[1] === undefined || match[2] === undefined) return { version: undefined, path };
  return { version: match[1], path: match[2] };
}

/** What is wrong with a client's version, in Docker's words; undefined where it is served. */
export function versionProblem(version: string): string | undefined {
  if (compareVersions(version, API_VERSION) > 0)
    return `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`;
  if (compareVersions(version, MIN_API_VERSION) < 0)
    return `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`;
  return undefined;
}
