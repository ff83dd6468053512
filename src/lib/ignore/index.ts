/** Ignore files: which paths of a build context stay behind. Used where a context is read, by client and daemon. */
export { createIgnoreMatcher, type IgnoreMatcher, type IgnoreState } from "./matcher.ts";
export { parseIgnoreFile } from "./parse-ignore-file.ts";
