import { BerthError } from "../errors.ts";

/** What an entry makes. Everything else in an archive (pax headers, long names) is folded into the entry it describes. */
export type TarEntryType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

/** A piece of a sparse file that holds data, in bytes of the file. */
export interface Segment {
  offset: number;
  length: number;
}

/** One member of an archive with all that its headers say. Names are bytes: a tar knows no character set. */
export interface TarEntry {
  type: TarEntryType;
  /** As it stands in the archive: it may be absolute, hold ".." or end in "/". */
  name: Buffer;
  /** Target of a hard link or a symbolic link, otherwise empty. */
  linkName: Buffer;
  /** Permission bits with setuid, setgid and sticky: 07777. */
  mode: number;
  /** 0 to 2^32-2. */
  uid: number;
  gid: number;
  uname: string;
  gname: string;
  /** Bytes of the file as a reader sees it, holes included; 0 where the type has no content. */
  size: number;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  atime?: bigint;
  ctime?: bigint;
  /** Of a device. */
  major: number;
  minor: number;
  /** Names as strings of bytes (latin1), values as bytes. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** Where the data of a sparse file is: sorted, without overlap, inside `size`. Absent for an ordinary file. */
  sparse?: Segment[];
}

/** What a reader accepts; passing one of them throws kind "exhausted". */
export interface TarLimits {
  /** Members. */
  entries: number;
  /** Bytes of the archive itself, after decompression. */
  archiveBytes: number;
  /** Sum of the sizes of all files, holes included. */
  contentBytes: number;
  /** Bytes of one name or link target. */
  nameBytes: number;
  /** Bytes of one pax header, long name or sparse map. */
  metadataBytes: number;
}

const GIB = 1024 ** 3;

/** PATH_MAX for names, 1 MiB for metadata as in Go's archive/tar; the others are far above any image that is used. */
export const DEFAULT_TAR_LIMITS: TarLimits = {
  entries: 10_000_000,
  archiveBytes: 256 * GIB,
  contentBytes: 4096 * GIB,
  nameBytes: 4096,
  metadataBytes: 1024 * 1024,
};

/** Of an archive that does not follow the format. */
export const badTar = (what: string) => new BerthError("invalid", `invalid tar archive: ${what}`);

/** Of an archive that passes a declared limit. */
export const overTarLimit = (what: string, limit: number) =>
  new BerthError("exhausted", `tar archive over its limit: more than ${limit} ${what}`);

export const BLOCK = 512;

/** Bytes of zeros after `size` bytes of content. */
export const paddingOf = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;
