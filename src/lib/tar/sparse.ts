import { BLOCK, badTar, overTarLimit, type Segment } from "./entry.ts";
import { parseDecimal, readNumber } from "./numbers.ts";

/** The four places for segments in an old GNU sparse header, and whether extension blocks follow. */
export function oldGnuMap(block: Buffer): { segments: Segment[]; more: boolean; realSize: number } {
  return { segments: segmentsAt(block, 386, 4), more: block[482] !== 0, realSize: readNumber(block, 483, 12) };
}

/** The 21 places of an extension block. */
export function oldGnuExtension(block: Buffer): { segments: Segment[]; more: boolean } {
  return { segments: segmentsAt(block, 0, 21), more: block[504] !== 0 };
}

function segmentsAt(block: Buffer, start: number, count: number): Segment[] {
  const segments: Segment[] = [];
  for (let at = start; at < start + count * 24; at += 24) {
    // An unused place begins with a NUL.
    if (block[at] === 0) break;
    segments.push({ offset: readNumber(block, at, 12), length: readNumber(block, at + 12, 12) });
  }
  return segments;
}

/** Formats 0.0 (repeated records) and 0.1 (a comma list): offsets and lengths in turn. */
export function segmentsFromList(numbers: readonly string[]): Segment[] {
  if (numbers.length % 2 !== 0) throw badTar("a sparse map has an odd number of fields");
  const segments: Segment[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    segments.push({ offset: parseDecimal(numbers[i] ?? ""), length: parseDecimal(numbers[i + 1] ?? "") });
  }
  return segments;
}

/**
 * Format 1.0: the map stands in front of the data, decimal lines filled up to whole blocks. Feed it blocks until it
 * says that it is complete. It never holds more than `limit` bytes.
 */
export class SparseMapReader {
  readonly #limit: number;
  readonly #numbers: number[] = [];
  #expected: number | undefined;
  #partial = "";
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes one block; true when the map is complete (the rest of the block is filler). */
  push(block: Buffer): boolean {
    this.#taken += BLOCK;
    if (this.#taken > this.#limit) throw overTarLimit("bytes of sparse map", this.#limit);
    const lines = (this.#partial + block.toString("latin1")).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      this.#numbers.push(parseDecimal(line));
      this.#expected ??= 1 + 2 * count(this.#numbers[0], this.#limit);
      if (this.#numbers.length === this.#expected) return true;
    }
    if (this.#partial.length > 20) throw badTar("a sparse map holds no number");
    return false;
  }

  /** Bytes of the archive that the map took. */
  get taken(): number {
    return this.#taken;
  }

  segments(): Segment[] {
    const segments: Segment[] = [];
    for (let i = 1; i + 1 < this.#numbers.length; i += 2) {
      segments.push({ offset: this.#numbers[i] ?? 0, length: this.#numbers[i + 1] ?? 0 });
    }
    return segments;
  }
}

function count(value: number | undefined, limit: number): number {
  // Each number takes two bytes at least, so a larger count cannot be met within the limit.
  if (value === undefined || value < 0 || value > limit / 4) throw badTar("a sparse map has an impossible count");
  return value;
}

/**
 * Checks a map against the file's size and the bytes stored, and drops empty segments. Throws "invalid" where segments
 * overlap, run backwards or pass the end, or do not add up to what is stored.
 */
export function checkSparse(segments: readonly Segment[], size: number, stored: number): Segment[] {
  let end = 0;
  let total = 0;
  for (const { offset, length } of segments) {
    if (offset < end || length < 0 || offset + length > size) throw badTar("a sparse map does not fit its file");
    end = offset + length;
    total += length;
  }
  if (total !== stored) throw badTar("a sparse map does not match its data");
  return segments.filter((segment) => segment.length > 0);
}
