import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { invalid } from "../../../lib/index.ts";
import { fetchGit } from "./fetch-git.ts";
import { fetchUrl } from "./fetch-url.ts";
import { parseGitSource } from "./remote-url.ts";

export interface FetchedSource {
  root: string;
  /** What is meant below the root: the file, or the folder of a repository. */
  name: string;
}

/** What ADD takes from elsewhere. A fetch serves the hash and the copy of one step, and builds that follow at once. */
export interface RemoteSources {
  fetch(
    url: string,
    options: { checksum?: string | undefined; keepGitDir?: boolean | undefined },
    signal: AbortSignal,
  ): Promise<FetchedSource>;
  close(): void;
}

const KEPT_MS = 60_000;

/** Fetches into `folder`, which is emptied: what an earlier process has left is of no use. */
export function createRemoteSources({ folder }: { folder: string }): RemoteSources {
  rmSync(folder, { recursive: true, force: true });
  const kept = new Map<string, { fetched: Promise<FetchedSource>; place: string }>();
  const drop = (key: string) => {
    const place = kept.get(key)?.place;
    kept.delete(key);
    if (place !== undefined) rmSync(place, { recursive: true, force: true });
  };
  return {
    fetch(url, { checksum, keepGitDir }, signal) {
      const key = createHash("sha256")
        .update(JSON.stringify([url, checksum, keepGitDir]))
        .digest("hex");
      const known = kept.get(key);
      if (known !== undefined) return known.fetched;
      const place = join(folder, randomBytes(8).toString("hex"));
      const fetched = fetchInto(place, url, { checksum, keepGitDir: keepGitDir === true }, signal);
      kept.set(key, { fetched, place });
      fetched.then(
        () => setTimeout(drop, KEPT_MS, key).unref(),
        () => drop(key),
      );
      return fetched;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function fetchInto(
  place: string,
  url: string,
  { checksum, keepGitDir }: { checksum: string | undefined; keepGitDir: boolean },
  signal: AbortSignal,
): Promise<FetchedSource> {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const git = parseGitSource(url);
  if (git === undefined) {
    const { name } = await fetchUrl(url, { folder: place, ...(checksum === undefined ? {} : { checksum }) }, signal);
    return { root: place, name };
  }
  const { commit, root } = await fetchGit(git, { folder: join(place, "checkout"), keepGitDir }, signal);
  if (checksum !== undefined && !commit.startsWith(checksum.replace(/^sha1:/, "")))
    throw invalid(`expected checksum to match ${checksum}, got ${commit}`);
  return { root, name: git.subdir ?? "." };
}
