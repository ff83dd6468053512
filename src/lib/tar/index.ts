/**
 * Archives as container images use them, without loss: binary names and extended attributes, large ids, nanoseconds,
 * sparse files. An *entry* is what the headers say of a member; its *content* follows. Nothing here touches a file.
 */
export * from "./create-tar.ts";
export {
  DEFAULT_TAR_LIMITS,
  paddingOf,
  type Segment,
  type TarEntry,
  type TarEntryType,
  type TarLimits,
} from "./entry.ts";
export * from "./parser.ts";
export * from "./read-entries.ts";
export * from "./writer.ts";
