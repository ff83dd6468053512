import { read } from "node:fs";

/** The bytes of standard input, piece by piece, without Node's streams. */
export async function* standardInput(): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = await readSome(Buffer.allocUnsafe(256 * 1024));
    if (chunk.length === 0) return;
    yield chunk;
  }
}

function readSome(buffer: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(0, buffer, 0, buffer.length, null, (error, count) => {
      if (error === null) resolve(buffer.subarray(0, count));
      else if (error.code === "EOF") resolve(Buffer.alloc(0));
      else if (error.code === "EAGAIN") setTimeout(() => readSome(buffer).then(resolve, reject), 5);
      else reject(error);
    });
  });
}

/** Whether bytes begin an archive: a tar, or something compressed. */
export function isArchive(head: Buffer): boolean {
  if (head.length >= 262 && head.toString("latin1", 257, 262) === "ustar") return true;
  const magic = [
    [0x1f, 0x8b],
    [0x42, 0x5a, 0x68],
    [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    [0x28, 0xb5, 0x2f, 0xfd],
  ];
  return magic.some((bytes) => bytes.every((byte, index) => head[index] === byte));
}

export interface PeekedInput {
  readonly head: Buffer;
  /** All of it, the head too. */
  readonly all: AsyncIterable<Buffer>;
}

/** The first bytes of an input, enough to tell what it is, and the whole of it. */
export async function peek(input: AsyncIterable<Buffer>, bytes = 512): Promise<PeekedInput> {
  const iterator = input[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(chunks);
  return { head, all: whole(head, iterator) };
}

async function* whole(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** All bytes of an input, which may have at most `limit`. */
export async function collect(input: AsyncIterable<Buffer>, limit: number, tooMuch: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > limit) throw tooMuch();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
