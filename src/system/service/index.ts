/** What a daemon needs of the kernel for itself: a lock that dies with it, and a word to the service manager. */
export { type FileLock, lockFile } from "./lock-file.ts";
export { notifyService } from "./notify-service.ts";
export { unreadBytes } from "./unread-bytes.ts";
