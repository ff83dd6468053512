/**
 * Command line flags by pflag's rules, as data: a *flag* is made by `boolFlag`, `listFlag` and so on, a command's flags
 * are an object by long name, and `parseFlags` gives values whose types follow from it.
 */
export * from "./flag.ts";
export * from "./format-flags.ts";
export * from "./parse-flags.ts";
export * from "./suggest.ts";
export * from "./values.ts";
