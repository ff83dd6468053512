/** Volumes of the local driver as records, and where their files are. */
export * from "./volume-record.ts";
export * from "./volume-store.ts";
