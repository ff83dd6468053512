/** What is taken from one place: a context's folder, or the mounted root of a stage or an image. */
export interface FileSelection {
  /** Every path is resolved inside it, links included. */
  root: string;
  /** As the Dockerfile has them, words expanded: relative to the root even with a slash in front; with wildcards or not. */
  paths: readonly string[];
  /** Patterns of ignore files, against what is below each selected path. */
  exclude: readonly string[];
  /** Keeps the folders above what is selected; those in front of `/./` are left away. */
  parents: boolean;
}

/** A file whose content stands in the Dockerfile. */
export interface InlineCopy {
  name: string;
  data: string;
}

/** COPY or ADD, everything decided: plain data for a worker. */
export interface CopyRequest {
  sources: readonly FileSelection[];
  inline: readonly InlineCopy[];
  /** The mounted root, or the empty folder, that is written in; paths are resolved inside it. */
  target: string;
  /** Absolute. With a slash at its end it is a directory. */
  destination: string;
  /** "user:group", names looked up in the target's own files; undefined for root. Archives keep their owners without it. */
  chown?: string;
  /** Octal ("755") or symbolic ("u=rwX,go=rX"). */
  chmod?: string;
  /** ADD: tar archives, compressed or not, are unpacked instead of copied. */
  unpack: boolean;
}

/** An archive that is still to be unpacked: that is work for another thread. */
export interface ArchiveToUnpack {
  root: string;
  /** Below that root, as latin1 bytes. */
  path: string;
  /** Below the target's root, as latin1 bytes. */
  destination: string;
  owner: { uid: number; gid: number } | undefined;
}

export interface HashRequest {
  sources: readonly FileSelection[];
  /** Owners count: for what is mounted and not copied. */
  owners: boolean;
  /** Nobody changes the files while they keep their times and inodes, so that digests of contents may be remembered. */
  stable: boolean;
}
