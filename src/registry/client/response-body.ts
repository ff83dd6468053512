import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { BerthError, kindOf, readAll } from "../../lib/index.ts";
import type { HttpResponse } from "./transport.ts";

/**
 * A response's bytes as a stream that fails with kind "timeout" where none comes for `stall` milliseconds, and with
 * "unavailable" where the connection breaks. A reader that takes its time is not a stall. Destroying it ends the request.
 */
export function guardedBody(body: IncomingMessage, stall: number): Readable {
  return Readable.from(guarded(body, stall), { objectMode: false, highWaterMark: 256 * 1024 });
}

async function* guarded(body: IncomingMessage, stall: number): AsyncGenerator<Buffer> {
  const timer = setTimeout(
    () => body.destroy(new BerthError("timeout", `the registry sent nothing for ${stall / 1000} seconds`)),
    stall,
  );
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      timer.refresh();
      const { done, value } = await chunks.next();
      if (done === true) return;
      clearTimeout(timer);
      yield value;
    }
  } catch (error) {
    if (kindOf(error) === "internal") throw new BerthError("unavailable", "unexpected EOF", { cause: error });
    throw error;
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
