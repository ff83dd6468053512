import { spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream";
import { type Compression, createGunzip, detectCompression, MAGIC_BYTES, peek } from "../../lib/compress/index.ts";
import { BerthError, invalid } from "../../lib/index.ts";
import { findProgram, unzstd } from "../../system/index.ts";

/**
 * The source unpacked, whatever it is packed with: gzip, zstd, xz, bzip2 or not at all, told by its first bytes. No
 * faster than it is taken. Throws "invalid" for data that is damaged or cut, "not-implemented" where what is needed for
 * xz or bzip2 is not installed. Their programs are the host's.
 */
export async function decompress(
  source: AsyncIterable<Buffer>,
): Promise<{ compression: Compression; data: AsyncIterable<Buffer> }> {
  const { head, whole } = await peek(source, MAGIC_BYTES);
  const compression = detectCompression(head);
  return { compression, data: unpackers[compression](whole) };
}

type Unpacker = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

const unpackers: Record<Compression, Unpacker> = {
  none: (source) => source,
  gzip: gunzip,
  zstd: unzstd,
  xz: (source) => unpackWith("xz", ["-dc", "--memlimit-decompress=1GiB"], source),
  bzip2: (source) => unpackWith("bzip2", ["-dc"], source),
};

async function* gunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let failure: unknown;
  const stream = pipeline(source, createGunzip(), (error) => {
    failure = error;
  });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw readable(failure ?? error);
  }
}

/** zlib's own errors are about the data; any other came from the source and passes as it is. */
function readable(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  return code?.startsWith("Z_") ? invalid(`invalid gzip data: ${message}`, { cause: error }) : error;
}

async function* unpackWith(name: string, args: string[], source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const program = findProgram(name);
  if (program === undefined) {
    throw new BerthError("not-implemented", `${name} is needed to unpack this archive`, { hint: `install ${name}` });
  }
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: {} });
  const ended = once(child, "close");
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(0, 1000);
  });
  let failure: unknown;
  pipeline(source, child.stdin, (error) => {
    // A program that found an error stops reading; its own words say more.
    if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") failure = error;
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const [code] = await ended;
    if (failure !== undefined) throw failure;
    if (code !== 0) throw invalid(`invalid ${name} data: ${complaint.trim()}`);
  } finally {
    child.kill("SIGKILL");
  }
}
