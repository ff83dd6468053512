import { type Assembled, assemble, type Overrides, withSparse } from "./assemble.ts";
import {
  BLOCK,
  badTar,
  DEFAULT_TAR_LIMITS,
  overTarLimit,
  paddingOf,
  type Segment,
  type TarEntry,
  type TarLimits,
} from "./entry.ts";
import { isZeroBlock, parseHeader, type TarHeader } from "./header.ts";
import { parsePax } from "./pax.ts";
import { checkSparse, oldGnuExtension, oldGnuMap, SparseMapReader, segmentsFromList } from "./sparse.ts";

/** Receives an archive's members in order: `entry`, its `data`, `end`; then the next one. What throws ends the reading. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** Bytes at `offset` of the file. The chunk is a view that is valid during the call only. Holes are left out. */
  data(chunk: Buffer, offset: number): void;
  end(): void;
}

type State = "header" | "metadata" | "sparse-extension" | "sparse-map" | "body" | "skip" | "done";

/**
 * A push parser: bytes go in as they come, in pieces of any size; members come out through the handler, at once. Reads
 * v7, ustar, pax, star and GNU archives with long names and all sparse formats. Global pax headers are skipped, as Go's
 * reader (and so every container engine) does. Throws "invalid" for a malformed archive, "exhausted" past a limit; it
 * holds one block and one metadata body at most.
 */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #limits: TarLimits;
  #state: State = "header";
  #archiveBytes = 0;
  #contentBytes = 0;
  #entries = 0;
  readonly #partial = Buffer.alloc(BLOCK);
  #partialLength = 0;
  #consumed = 0;
  #sawZeroBlock = false;
  #skip = 0;
  #overrides: Overrides = {};
  #metadataFlag = "";
  #metadata = Buffer.alloc(0);
  #metadataLength = 0;
  #pending: { assembled: Assembled; segments: Segment[]; realSize: number } | undefined;
  #map: SparseMapReader | undefined;
  #segments: readonly Segment[] = [];
  #segment = 0;
  #segmentDone = 0;
  #padding = 0;

  constructor(handler: TarHandler, limits: TarLimits = DEFAULT_TAR_LIMITS) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Whether the archive's closing blocks were seen; whatever follows them is ignored. */
  get finished(): boolean {
    return this.#state === "done";
  }

  write(chunk: Buffer): void {
    this.#archiveBytes += chunk.length;
    if (this.#archiveBytes > this.#limits.archiveBytes) throw overTarLimit("bytes", this.#limits.archiveBytes);
    for (let at = 0; at < chunk.length; ) at += this.#step(chunk, at);
  }

  /** The input has ended. An archive without its closing blocks is accepted where it stops between two members. */
  end(): void {
    // Some writers leave out the padding of the last member.
    const inPadding = this.#state === "skip" && this.#skip < BLOCK;
    const between = this.#state === "done" || (this.#state === "header" && this.#partialLength === 0) || inPadding;
    const { pax, longName, longLink } = this.#overrides;
    if (!between || (pax ?? longName ?? longLink) !== undefined) throw badTar("unexpected end");
  }

  /** Takes bytes of the chunk from `at` on and says how many. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case "body":
        return this.#body(chunk, at);
      case "skip":
        return this.#skipBytes(chunk.length - at);
      case "metadata":
        return this.#collect(chunk, at);
      case "done":
        return chunk.length - at;
      default: {
        const block = this.#block(chunk, at);
        if (block !== undefined) this.#takeBlock(block);
        return this.#consumed;
      }
    }
  }

  /** A whole block, from the chunk where it can be, otherwise put together; undefined until it is complete. */
  #block(chunk: Buffer, at: number): Buffer | undefined {
    if (this.#partialLength === 0 && chunk.length - at >= BLOCK) {
      this.#consumed = BLOCK;
      return chunk.subarray(at, at + BLOCK);
    }
    this.#consumed = chunk.copy(this.#partial, this.#partialLength, at, at + BLOCK - this.#partialLength);
    this.#partialLength += this.#consumed;
    if (this.#partialLength < BLOCK) return undefined;
    this.#partialLength = 0;
    return this.#partial;
  }

  #takeBlock(block: Buffer): void {
    if (this.#state === "sparse-extension") this.#takeExtension(block);
    else if (this.#state === "sparse-map") this.#takeMap(block);
    else this.#takeHeader(block);
  }

  #takeHeader(block: Buffer): void {
    if (isZeroBlock(block)) {
      if (this.#sawZeroBlock) this.#state = "done";
      this.#sawZeroBlock = true;
      return;
    }
    if (this.#sawZeroBlock) throw badTar("a header after a closing block");
    const header = parseHeader(block);
    if ("xgLK".includes(header.flag)) this.#beginMetadata(header);
    else this.#beginMember(header, block);
  }

  #beginMetadata({ flag, size }: TarHeader): void {
    if (size < 0) throw badTar("a negative size");
    const limit = this.#limits.metadataBytes;
    if (size > limit) throw overTarLimit("bytes of metadata in a header", limit);
    this.#metadataFlag = flag;
    this.#metadata = Buffer.allocUnsafe(size);
    this.#metadataLength = 0;
    this.#state = "metadata";
    if (size === 0) this.#endMetadata();
  }

  #collect(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#metadata, this.#metadataLength, at);
    this.#metadataLength += taken;
    if (this.#metadataLength === this.#metadata.length) this.#endMetadata();
    return taken;
  }

  #endMetadata(): void {
    const body = this.#metadata;
    if (this.#metadataFlag === "x") this.#overrides.pax = parsePax(body);
    else if (this.#metadataFlag === "L") this.#overrides.longName = untilNul(body);
    else if (this.#metadataFlag === "K") this.#overrides.longLink = untilNul(body);
    this.#beginSkip(paddingOf(body.length));
  }

  #beginSkip(count: number): void {
    this.#skip = count;
    this.#state = count === 0 ? "header" : "skip";
  }

  #skipBytes(available: number): number {
    const taken = Math.min(available, this.#skip);
    this.#beginSkip(this.#skip - taken);
    return taken;
  }

  #beginMember(header: TarHeader, block: Buffer): void {
    if (++this.#entries > this.#limits.entries) throw overTarLimit("entries", this.#limits.entries);
    const assembled = assemble(header, this.#overrides, this.#limits);
    this.#overrides = {};
    const { entry, stored, sparse } = assembled;
    if (sparse === "none") this.#open(entry, stored, entry.size > 0 ? [{ offset: 0, length: entry.size }] : []);
    else if (sparse === "old-gnu") this.#beginOldGnu(assembled, block);
    else if (sparse === "in-data") this.#beginMap(assembled);
    else this.#openSparse(entry, stored, entry.size, segmentsFromList(sparse.list));
  }

  #beginOldGnu(assembled: Assembled, block: Buffer): void {
    const { segments, more, realSize } = oldGnuMap(block);
    if (realSize < 0) throw badTar("a negative size");
    this.#pending = { assembled, segments, realSize };
    if (more) this.#state = "sparse-extension";
    else this.#openSparse(assembled.entry, assembled.stored, realSize, segments);
  }

  #takeExtension(block: Buffer): void {
    const pending = this.#pending;
    if (pending === undefined) throw badTar("a sparse extension without a file");
    const { segments, more } = oldGnuExtension(block);
    pending.segments.push(...segments);
    const limit = this.#limits.metadataBytes;
    if (pending.segments.length * 24 > limit) throw overTarLimit("bytes of sparse map", limit);
    // A block without segments that announces another one would let a map run on for ever.
    if (more && segments.length === 0) throw badTar("an empty sparse extension");
    if (!more) this.#openSparse(pending.assembled.entry, pending.assembled.stored, pending.realSize, pending.segments);
  }

  #beginMap(assembled: Assembled): void {
    this.#map = new SparseMapReader(Math.min(this.#limits.metadataBytes, assembled.stored));
    this.#pending = { assembled, segments: [], realSize: assembled.entry.size };
    this.#state = "sparse-map";
  }

  #takeMap(block: Buffer): void {
    const map = this.#map;
    const pending = this.#pending;
    if (map === undefined || pending === undefined) throw badTar("a sparse map without a file");
    if (!map.push(block)) return;
    this.#map = undefined;
    const { entry, stored } = pending.assembled;
    this.#openSparse(entry, stored - map.taken, pending.realSize, map.segments());
  }

  #openSparse(entry: TarEntry, stored: number, size: number, map: Segment[]): void {
    this.#pending = undefined;
    const segments = checkSparse(map, size, stored);
    this.#open(withSparse(entry, size, segments), stored, segments);
  }

  #open(entry: TarEntry, stored: number, segments: readonly Segment[]): void {
    this.#contentBytes += entry.size;
    const limit = this.#limits.contentBytes;
    if (this.#contentBytes > limit) throw overTarLimit("bytes of content", limit);
    // What is stored for a directory of the oldest format is passed over.
    this.#padding = paddingOf(stored) + (entry.type === "file" ? 0 : stored);
    this.#segments = segments;
    this.#segment = 0;
    this.#segmentDone = 0;
    this.#state = "body";
    this.#handler.entry(entry);
    if (segments.length === 0) this.#close();
  }

  #body(chunk: Buffer, at: number): number {
    const segment = this.#segments[this.#segment];
    if (segment === undefined) throw badTar("data without a file");
    const taken = Math.min(chunk.length - at, segment.length - this.#segmentDone);
    this.#handler.data(chunk.subarray(at, at + taken), segment.offset + this.#segmentDone);
    this.#segmentDone += taken;
    if (this.#segmentDone === segment.length) {
      this.#segment++;
      this.#segmentDone = 0;
      if (this.#segment === this.#segments.length) this.#close();
    }
    return taken;
  }

  #close(): void {
    this.#handler.end();
    this.#beginSkip(this.#padding);
  }
}

function untilNul(body: Buffer): Buffer {
  const nul = body.indexOf(0);
  return nul < 0 ? body : body.subarray(0, nul);
}
