import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BerthError, notFound } from "../../../lib/index.ts";
import { findProgram, run, statIn } from "../../../system/index.ts";
import { type GitSource, redactedUrl } from "./remote-url.ts";

const PATIENCE = 10 * 60_000;
const OUTPUT_LIMIT = 1024 * 1024;
const SEARCHED = ["/usr/local/bin", "/usr/bin", "/bin"];

/** Nothing that a repository or a user's files say is run, and only the network's protocols are spoken. */
const CONFIGURATION = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["protocol.allow", "never"],
  ["protocol.https.allow", "always"],
  ["protocol.http.allow", "always"],
  ["protocol.git.allow", "always"],
  ["protocol.ssh.allow", "always"],
  ["init.defaultBranch", "main"],
  ["advice.detachedHead", "false"],
].flatMap(([key, value]) => ["-c", `${key}=${value}`]);

/**
 * Checks a repository out into a folder, which is made: the files of the reference, its submodules too, and `.git` where
 * it is to be kept. Gives the commit's id. Credentials stand in no message. Kinds: not-found (git, the folder of it),
 * unavailable (what git says), cancelled.
 */
export async function fetchGit(
  source: GitSource,
  options: { folder: string; keepGitDir: boolean },
  signal: AbortSignal,
): Promise<{ commit: string; root: string }> {
  const program = findProgram("git", SEARCHED);
  if (program === undefined) throw notFound("git is needed for this and is not installed on the daemon's host");
  const { folder, keepGitDir } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const git = async (...args: string[]) => {
    signal.throwIfAborted();
    const env = { PATH: SEARCHED.join(":"), HOME: "/nonexistent", ...QUIET };
    const done = await run(program, [...CONFIGURATION, ...args], {
      cwd: folder,
      env,
      timeoutMs: PATIENCE,
      outputLimit: OUTPUT_LIMIT,
    });
    if (done.code === 0) return done.stdout.toString().trim();
    const said = redactedText(done.stderr.toString().trim(), source.url);
    throw new BerthError("unavailable", `failed to fetch remote ${redactedUrl(source.url)}: ${said}`);
  };
  await git("init", "-q");
  await git("remote", "add", "--", "origin", source.url);
  const ref = source.ref ?? "HEAD";
  await git("fetch", "-q", "--depth=1", "--no-tags", "origin", "--", ref);
  await git("checkout", "-q", "FETCH_HEAD", "--");
  await git("submodule", "update", "-q", "--init", "--recursive", "--depth=1");
  const commit = await git("rev-parse", "HEAD");
  if (!keepGitDir) rmSync(join(folder, ".git"), { recursive: true, force: true });
  if (source.subdir === undefined) return { commit, root: folder };
  // A link on the way would lead out of the repository for whoever joins paths: it is no folder of it.
  if (statIn(folder, source.subdir)?.isDirectory() !== true)
    throw notFound(`${JSON.stringify(source.subdir)} is no directory of ${redactedUrl(source.url)}`);
  return { commit, root: folder };
}

const QUIET = {
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "/bin/false",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
  GIT_LFS_SKIP_SMUDGE: "1",
};

const redactedText = (text: string, url: string) =>
  text.replaceAll(url, redactedUrl(url)).replace(/(:\/\/)[^/@\s]*@/g, "$1xxxxx@");
