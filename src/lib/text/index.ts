/** Text that people read: sizes, durations, instants, tables, names, safe output. All in Docker's and Go's forms. */
export * from "./durations.ts";
export * from "./escape.ts";
export * from "./go-number.ts";
export * from "./go-quote.ts";
export * from "./random.ts";
export * from "./sizes.ts";
export * from "./tab-writer.ts";
export * from "./timestamps.ts";
export * from "./width.ts";
