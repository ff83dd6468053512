/** Bytes on their way: limits, hashing, collecting. */
export * from "./byte-limit.ts";
export * from "./hashing.ts";
export * from "./read-all.ts";
