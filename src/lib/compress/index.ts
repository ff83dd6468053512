/** Compressed streams: telling them apart, and gzip. zstd is in `system` (a native library), xz and bzip2 are programs. */
export * from "./detect.ts";
export * from "./gzip.ts";
export * from "./peek.ts";
