import { BerthError } from "../errors.ts";

/**
 * Everything that a stream holds, at most `limit` bytes: beyond it the stream is destroyed and the error has kind
 * "exhausted". `what` names the thing in that error.
 */
export async function readAll(
  stream: AsyncIterable<Uint8Array | string>,
  limit: number,
  what = "input",
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop by an error destroys a Node stream.
  for await (const piece of stream) {
    const chunk =
      typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    size += chunk.length;
    if (size > limit) throw new BerthError("exhausted", `${what} is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
