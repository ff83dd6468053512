/**
 * Folders of clients, as builds read them. A *manifest* lists what a folder has; a *copy* is kept for each folder of each
 * client and brought up to date by what changed.
 */
export { openSyncedFolders, type SyncedFolders } from "./synced-folders.ts";
