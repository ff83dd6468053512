import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { BerthError, kindOf, readAll } from "../../lib/index.ts";
import type { HttpResponse } from "./transport.ts";

/**
 * A response's bytes as a stream that fails with kind "timeout" where none comes for `stall` milliseconds, "cancelled"
 * where `signal` is aborted, and "unavailable" where the connection breaks. A reader that takes its time is not a stall.
 * Destroying the stream ends the request.
 */
export function guardedBody(body: IncomingMessage, stall: number, signal?: AbortSignal): Readable {
  return Readable.from(guarded(body, stall, signal), { objectMode: false, highWaterMark: 256 * 1024 });
}

async function* guarded(body: IncomingMessage, stall: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) body.destroy(new BerthError("timeout", `the registry sent nothing for ${stall / 1000} seconds`));
  }, stall);
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      waiting = true;
      timer.refresh();
      const { done, value } = await chunks.next();
      waiting = false;
      if (done === true) return;
      yield value;
    }
  } catch (error) {
    if (signal?.aborted) throw new BerthError("cancelled", "context canceled", { cause: error });
    throw kindOf(error) === "internal" ? new BerthError("unavailable", "unexpected EOF", { cause: error }) : error;
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

/** A small body whole. Over the limit "exhausted", also by its announced length; the connection is then closed. */
export async function readBody(response: HttpResponse, limit: number, stall: number, what: string): Promise<Buffer> {
  const announced = Number(response.headers["content-length"] ?? 0);
  if (announced > limit) {
    response.body.destroy();
    throw new BerthError("exhausted", `${what} is larger than ${limit} bytes (${announced})`);
  }
  return readAll(guardedBody(response.body, stall), limit, what);
}

/** Ends a response whose body nobody wants; a short one is read so that its connection can be used again. */
export function discardBody({ body, headers }: HttpResponse): void {
  body.on("error", () => {});
  if (Number(headers["content-length"] ?? Number.POSITIVE_INFINITY) <= 64 * 1024) body.resume();
  else body.destroy();
}
