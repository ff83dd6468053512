import type { Readable } from "node:stream";

/** The bytes of a stream, for a request's body. */
export async function* sourceStream(stream: Readable): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) yield chunk as Buffer;
}
