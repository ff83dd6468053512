import type { ServerResponse } from "node:http";
import type { Progress } from "../../engine/index.ts";
import { messageOf } from "../../lib/index.ts";
import type { JSONMessage } from "../../spec/api/index.ts";

export interface ProgressStream {
  /** Queues a message. While the client reads slowly, only the newest counter of each id is kept. */
  readonly progress: Progress;
  /** Ends the answer; all that was queued is sent first. */
  end(): void;
  /**
   * Ends with an error line in Docker's form; false where nothing was sent yet, and the answer can still have an error
   * status.
   */
  fail(error: unknown): boolean;
}

/**
 * Docker's JSON progress as the body of an answer: one message a line. The head is sent with the first message, so
 * that a failure before it has its own status. Memory is bounded by the number of ids, not of messages.
 */
export function createProgressStream(reply: ServerResponse): ProgressStream {
  /** Counters that wait for the client, by id, in the order in which they came. */
  const waiting = new Map<string, JSONMessage>();
  let ended = false;

  const write = (message: JSONMessage) => {
    if (!reply.headersSent) reply.writeHead(200, { "Content-Type": "application/json" });
    reply.write(`${JSON.stringify(message)}\r\n`);
  };
  const flush = () => {
    for (const message of waiting.values()) write(message);
    waiting.clear();
  };
  reply.on("drain", flush);

  const finish = () => {
    if (ended) return;
    ended = true;
    flush();
    if (!reply.headersSent) reply.writeHead(200, { "Content-Type": "application/json" });
    reply.end();
  };
  return {
    progress(message) {
      if (ended || reply.destroyed) return;
      const id = message.id;
      if (id !== undefined && isCounter(message) && reply.writableNeedDrain) waiting.set(id, message);
      else {
        if (id !== undefined) waiting.delete(id);
        write(message);
      }
    },
    end: finish,
    fail(error) {
      if (!reply.headersSent) return false;
      const message = messageOf(error);
      flush();
      if (!ended && !reply.destroyed) write({ errorDetail: { message }, error: message });
      finish();
      return true;
    },
  };
}

const isCounter = (message: JSONMessage) => message.progressDetail?.current !== undefined;
