import koffi, { type KoffiFunc } from "koffi";
import { BerthError } from "../lib/index.ts";

/**
 * zstd through libzstd.so.1: Node 20 has none of its own. The calls are synchronous, about 1.5 ms for a megabyte, so
 * whole layers belong to a worker. A codec frees its native memory when it ends, fails or is destroyed.
 */
type Native = (...args: unknown[]) => bigint;

interface Library {
  createDecoder: Native;
  freeDecoder: Native;
  decode: Native;
  createEncoder: Native;
  freeEncoder: Native;
  setParameter: Native;
  encode: Native;
  isError: Native;
  errorName: (code: unknown) => string;
}

let library: Library | undefined;

function load(): Library {
  library ??= open();
  return library;
}

function open(): Library {
  let lib: ReturnType<typeof koffi.load>;
  try {
    lib = koffi.load("libzstd.so.1");
  } catch (error) {
    const hint = "install the package libzstd1";
    throw new BerthError("not-implemented", "zstd is not available: libzstd.so.1 cannot be loaded", {
      cause: error,
      hint,
    });
  }
  const native = (prototype: string) => lib.func(prototype) as unknown as KoffiFunc<Native>;
  return {
    createDecoder: native("void *ZSTD_createDStream()"),
    freeDecoder: native("size_t ZSTD_freeDStream(void *context)"),
    decode: native("size_t ZSTD_decompressStream(void *context, void *output, void *input)"),
    createEncoder: native("void *ZSTD_createCCtx()"),
    freeEncoder: native("size_t ZSTD_freeCCtx(void *context)"),
    setParameter: native("size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value)"),
    encode: native("size_t ZSTD_compressStream2(void *context, void *output, void *input, int end)"),
    isError: native("unsigned int ZSTD_isError(size_t code)"),
    errorName: lib.func("const char *ZSTD_getErrorName(size_t code)") as unknown as (code: unknown) => string,
  };
}

const OUTPUT_BYTES = 512 * 1024;

/** ZSTD_inBuffer and ZSTD_outBuffer: address, size, position, each of 8 bytes. */
class Window {
  // Large enough that V8 keeps it off its heap: the native side writes the position.
  readonly struct = Buffer.alloc(4096);

  point(bytes: Buffer): void {
    this.struct.writeBigUInt64LE(koffi.address(bytes), 0);
    this.struct.writeBigUInt64LE(BigInt(bytes.length), 8);
    this.struct.writeBigUInt64LE(0n, 16);
  }

  get position(): number {
    return this.struct.readUInt32LE(16);
  }
}

const EMPTY = Buffer.alloc(16);

abstract class Codec {
  protected readonly zstd = load();
  protected context: bigint | undefined;
  protected readonly input = new Window();
  protected readonly output = new Window();
  private block = Buffer.allocUnsafeSlow(OUTPUT_BYTES);

  protected abstract call(context: bigint, last: boolean): bigint;
  protected abstract free(context: bigint): void;

  close(): void {
    if (this.context !== undefined) this.free(this.context);
    this.context = undefined;
  }

  /** Runs the codec over the chunk. Yields fresh buffers; `hint` is 0 where a frame has just been completed. */
  protected *run(chunk: Buffer, last: boolean): Generator<Buffer, number> {
    const source = chunk.length === 0 ? EMPTY.subarray(0, 0) : chunk;
    if (source.length > 0) this.input.point(source);
    else this.input.struct.fill(0);
    for (;;) {
      this.output.point(this.block);
      const hint = this.step(last);
      const produced = this.output.position;
      if (produced > 0) yield this.take(produced);
      const drained = produced < OUTPUT_BYTES && (!last || hint === 0);
      if (drained && this.input.position === source.length) return hint;
    }
  }

  /** A block that is mostly full is given away; of a small piece a copy is, so that little memory is held. */
  private take(produced: number): Buffer {
    const block = this.block;
    if (produced < OUTPUT_BYTES / 2) return Buffer.from(block.subarray(0, produced));
    this.block = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
    return block.subarray(0, produced);
  }

  private step(last: boolean): number {
    if (this.context === undefined) throw new BerthError("internal", "a zstd codec was used after its end");
    const result = this.call(this.context, last);
    if (Number(this.zstd.isError(result)) !== 0) {
      throw new BerthError("invalid", `invalid zstd data: ${this.zstd.errorName(result)}`);
    }
    return Number(result);
  }
}

/** Unpacks zstd, several frames in a row too. A frame that wants a window over 128 MiB is refused. */
export class ZstdDecoder extends Codec {
  #inFrame = false;
  #any = false;

  constructor() {
    super();
    this.context = this.zstd.createDecoder();
  }

  /** What the chunk gives. Throws "invalid". */
  *push(chunk: Buffer): Generator<Buffer> {
    if (chunk.length === 0) return;
    this.#any = true;
    this.#inFrame = (yield* this.run(chunk, false)) !== 0;
  }

  /** The input has ended: throws "invalid" inside a frame, and frees the native memory. */
  end(): void {
    this.close();
    if (this.#inFrame || !this.#any) throw new BerthError("invalid", "invalid zstd data: unexpected end");
  }

  protected call(context: bigint): bigint {
    return this.zstd.decode(context, this.output.struct, this.input.struct);
  }

  protected free(context: bigint): void {
    this.zstd.freeDecoder(context);
  }
}

const COMPRESSION_LEVEL = 100;
const CHECKSUM_FLAG = 201;
const CONTINUE = 0;
const END = 2;

/** Packs zstd at a level (1 to 22, 3 unless given), with a checksum. The same input in any pieces gives the same bytes. */
export class ZstdEncoder extends Codec {
  constructor(options: { level?: number } = {}) {
    super();
    this.context = this.zstd.createEncoder();
    this.zstd.setParameter(this.context, COMPRESSION_LEVEL, options.level ?? 3);
    this.zstd.setParameter(this.context, CHECKSUM_FLAG, 1);
  }

  *push(chunk: Buffer): Generator<Buffer> {
    if (chunk.length > 0) yield* this.run(chunk, false);
  }

  /** The rest of the output; frees the native memory. */
  *end(): Generator<Buffer> {
    yield* this.run(Buffer.alloc(0), true);
    this.close();
  }

  protected call(context: bigint, last: boolean): bigint {
    return this.zstd.encode(context, this.output.struct, this.input.struct, last ? END : CONTINUE);
  }

  protected free(context: bigint): void {
    this.zstd.freeEncoder(context);
  }
}

/** The source unpacked, no faster than it is taken: a small input that grows without end holds no memory. */
export async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new ZstdDecoder();
  try {
    for await (const chunk of source) yield* decoder.push(chunk);
    decoder.end();
  } finally {
    decoder.close();
  }
}

/** The source packed, no faster than it is taken. */
export async function* zstd(source: AsyncIterable<Buffer>, options: { level?: number } = {}): AsyncGenerator<Buffer> {
  const encoder = new ZstdEncoder(options);
  try {
    for await (const chunk of source) yield* encoder.push(chunk);
    yield* encoder.end();
  } finally {
    encoder.close();
  }
}
