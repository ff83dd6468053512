/**
 * Containers as records. Vocabulary: a container's *record* is what it is, from create to remove; its *state* where its
 * life stands; its *run state* what it has only while it runs, in the exec root.
 */
export * from "./container-record.ts";
export * from "./container-records.ts";
export * from "./run-states.ts";
