import type { Readable } from "node:stream";

/** A message of conmon's on its sync pipe (`--api-version 1`): a pid or an exit code; negative with a text: a failure. */
export interface SyncMessage {
  data: number;
  message?: string;
}

const limit = 256 * 1024;

/** Parses one line. conmon's escaping lets a few control characters through that JSON forbids. */
export function parseSyncMessage(line: string): SyncMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    const { data, message } = value as { data?: unknown; message?: unknown };
    if (typeof data !== "number") return undefined;
    return typeof message === "string" ? { data, message } : { data };
  } catch {
    const match = /^\{"data": (-?\d+)(?:, "message": "(.*)"\})?/s.exec(line);
    if (match === null) return undefined;
    return match[2] === undefined ? { data: Number(match[1]) } : { data: Number(match[1]), message: match[2] };
  }
}

export interface SyncPipe {
  /** The next message; undefined once the other side has closed. */
  next(): Promise<SyncMessage | undefined>;
  close(): void;
}

/** Reads messages off a stream. Call `next` one at a time. */
export function syncPipe(stream: Readable): SyncPipe {
  const messages: SyncMessage[] = [];
  let text = "";
  let over = false;
  let waiting: (() => void) | undefined;
  const wake = () => {
    waiting?.();
    waiting = undefined;
  };
  const finish = () => {
    over = true;
    wake();
  };
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    if (text.length > limit) return void stream.destroy();
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const message = parseSyncMessage(line);
      if (message !== undefined) messages.push(message);
    }
    wake();
  });
  stream.on("end", finish);
  stream.on("close", finish);
  stream.on("error", finish);
  return {
    async next() {
      while (messages.length === 0 && !over) await new Promise<void>((resolve) => (waiting = resolve));
      return messages.shift();
    },
    close: () => void stream.destroy(),
  };
}
