/**
 * Pure helpers that know nothing of containers: errors, ordering, undo, atomic files, text and sizes, Go templates,
 * flags, Docker's stream framing. `tar/` and `compress/` have doors of their own.
 */
export * from "./async/index.ts";
export * from "./atomic-file.ts";
export * from "./errors.ts";
export * from "./flags/index.ts";
export * from "./make-folders.ts";
export * from "./stdcopy.ts";
export * from "./stream/index.ts";
export * from "./template/index.ts";
export * from "./text/index.ts";
export * from "./undo.ts";
export * from "./worker-url.ts";
