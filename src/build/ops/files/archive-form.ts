import { readSync } from "node:fs";
import { closeFd, O_NONBLOCK, O_RDONLY, openIn, S_IFMT, S_IFREG } from "../../../system/index.ts";
import type { SelectedFile } from "./select-files.ts";

const BLOCK = 512;
const MAGICS = [
  Buffer.from([0x1f, 0x8b]),
  Buffer.from("BZh"),
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
];

/** Whether ADD unpacks a file: it begins as a compressed stream does, or with a tar header whose checksum is right. */
export function isArchive({ root, path, stat }: SelectedFile): boolean {
  if ((stat.mode & S_IFMT) !== S_IFREG || stat.size < 3) return false;
  const fd = openIn(root, Buffer.from(path, "latin1"), O_RDONLY | O_NONBLOCK);
  try {
    const head = Buffer.alloc(BLOCK);
    const length = readSync(fd, head, 0, BLOCK, 0);
    return MAGICS.some((magic) => head.subarray(0, magic.length).equals(magic)) || (length === BLOCK && isHeader(head));
  } finally {
    closeFd(fd);
  }
}

function isHeader(block: Buffer): boolean {
  const stored = Number.parseInt(
    block
      .toString("latin1", 148, 156)
      .replace(/[\0 ]+$/, "")
      .trim(),
    8,
  );
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  return stored === sum && block[0] !== 0;
}
