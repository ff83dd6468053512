import { ApiError } from "../../api/client/index.ts";
import { messageOf } from "../../lib/index.ts";
import { type Context, unreachable } from "./context.ts";

const SYSTEM_TEXTS: Record<string, string> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EEXIST: "file exists",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
};

/** What the user reads of an error, as Docker's CLI words it. */
export function errorText(error: unknown, context: Context): string {
  const noDaemon = unreachable(error, context);
  if (noDaemon !== undefined) return noDaemon.message;
  if (error instanceof ApiError) return `Error response from daemon: ${error.message}`;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const text = code === undefined ? undefined : SYSTEM_TEXTS[code];
  if (text !== undefined && path !== undefined)
    return `${syscall === "scandir" ? "open" : (syscall ?? "open")} ${path}: ${text}`;
  return messageOf(error);
}
