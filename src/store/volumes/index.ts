/** Volumes of the local driver as records, and where their files are. */
export {
  dataOf,
  discardSnapshot,
  exchangeData,
  keepSnapshot,
  listSnapshots,
  makeStage,
  type SnapshotRecord,
  snapshotFolder,
} from "./volume-folder.ts";
export * from "./volume-record.ts";
export * from "./volume-store.ts";
