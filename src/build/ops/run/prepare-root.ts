import { invalid } from "../../../lib/index.ts";
import { checkRoot, checkWorkingDirectory } from "../../../runtime/index.ts";
import {
  codeOf,
  lookupUser,
  makeDirIn,
  type ResolvedUser,
  readFileIn,
  USER_FILE_LIMIT,
  withRoot,
} from "../../../system/index.ts";

/**
 * Makes the working directory and looks the user up, in files that are the image's: confined, bounded, never blocking.
 * Throws "invalid" for a root or a working directory through which a runtime could be led outside.
 */
export function prepareRoot(root: string, cwd: string, user: string): ResolvedUser {
  return withRoot(root, (fd) => {
    checkRoot(fd);
    try {
      if (cwd !== "/") makeDirIn(fd, cwd);
    } catch (error) {
      if (codeOf(error) !== "ENOTDIR") throw error;
      throw invalid(`Cannot mkdir: ${cwd} is not a directory`, { cause: error });
    }
    checkWorkingDirectory(fd, cwd);
    const text = (path: string) => readFileIn(fd, path, { limit: USER_FILE_LIMIT })?.toString("utf8") ?? "";
    return lookupUser(text("/etc/passwd"), text("/etc/group"), user, []);
  });
}
