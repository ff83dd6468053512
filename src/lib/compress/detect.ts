/** The compressions that Docker takes in, by the first bytes of a stream. */
export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** Bytes that detectCompression wants to see. */
export const MAGIC_BYTES = 10;

/** How a stream is compressed, told by its first bytes; "none" where they are no known mark. */
export function detectCompression(head: Uint8Array): Compression {
  const starts = (...mark: number[]) => mark.every((byte, at) => head[at] === byte);
  if (starts(0x1f, 0x8b, 0x08)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd) || isSkippableFrame(head)) return "zstd";
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  if (starts(0x42, 0x5a, 0x68)) return "bzip2";
  return "none";
}

/** RFC 8878 3.1.2: a zstd stream may begin with frames that carry no data. */
function isSkippableFrame(head: Uint8Array): boolean {
  const [first = 0, ...rest] = head.subarray(0, 4);
  return (first & 0xf0) === 0x50 && rest[0] === 0x2a && rest[1] === 0x4d && rest[2] === 0x18;
}
