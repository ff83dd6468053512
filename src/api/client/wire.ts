import type { Duplex } from "node:stream";

/** What a wire tells its user. */
export interface WireEvents {
  data(chunk: Buffer): void;
  /** More may be written. */
  drain(): void;
  /** The other side has ended, or the connection is gone; called once. */
  end(error: Error | undefined): void;
}

/** An open connection: bytes in both directions, without Node's stream machinery. */
export interface Wire {
  /** False where the writer should wait for `drain`. */
  write(data: string | Uint8Array): boolean;
  /** Ends this direction; the other one goes on. */
  end(): void;
  pause(): void;
  resume(): void;
  /** Closes both directions. No event follows. */
  destroy(): void;
  /** Starts the flow of events. Called once, in the turn in which the wire was given. */
  listen(events: WireEvents): void;
}

/** A wire over a Node stream. */
export function streamWire(stream: Duplex): Wire {
  let events: WireEvents | undefined;
  let failure: Error | undefined;
  const finish = () => {
    const told = events;
    events = undefined;
    told?.end(failure);
  };
  stream.on("error", (error: Error) => {
    failure = error;
    finish();
  });
  stream.on("end", finish);
  stream.on("close", finish);
  stream.on("drain", () => events?.drain());
  return {
    write: (data) => stream.write(data),
    end: () => void stream.end(),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy: () => {
      events = undefined;
      stream.destroy();
    },
    listen: (listener) => {
      events = listener;
      stream.on("data", (chunk: Buffer) => events?.data(chunk));
    },
  };
}
