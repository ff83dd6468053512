import type { Wire, WireEvents } from "./wire.ts";

/** The part of Bun's own socket API that is used here. */
interface BunSocket {
  /** Gives how many bytes were taken. */
  write(data: Uint8Array): number;
  /** Ends this direction. */
  shutdown(): void;
  end(): void;
  pause(): void;
  resume(): void;
}

interface BunHandlers {
  data(socket: BunSocket, chunk: Buffer): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  connectError(socket: BunSocket, error: Error): void;
}

type Address = { unix: string } | { hostname: string; port: number };

interface BunRuntime {
  connect(options: Address & { allowHalfOpen: boolean; socket: BunHandlers }): Promise<BunSocket>;
}

/** Bun, where it runs this program. Its own sockets open in half the time that loading its node:net takes. */
export const bun = (globalThis as { Bun?: BunRuntime }).Bun;

/** As much may be waiting for the kernel before a writer is asked to wait. */
const HIGH_WATER = 1024 * 1024;

/** Connects through Bun's own sockets. Rejects with the system's error. */
export async function dialBun(runtime: BunRuntime, address: Address): Promise<Wire> {
  const wire = new BunWire();
  wire.socket = await runtime.connect({
    ...address,
    allowHalfOpen: true,
    socket: {
      data: (_, chunk) => wire.data(chunk),
      drain: () => wire.drain(),
      end: () => wire.finish(undefined),
      close: (_, error) => wire.finish(error),
      error: (_, error) => wire.finish(error),
      connectError: () => undefined,
    },
  });
  return wire;
}

class BunWire implements Wire {
  socket: BunSocket | undefined;
  #events: WireEvents | undefined;
  #early: Buffer[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ending = false;
  #over: { error: Error | undefined } | undefined;

  write(data: string | Uint8Array): boolean {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const taken = this.#waiting.length === 0 ? this.#send(bytes) : 0;
    if (taken < bytes.length) {
      // The caller may use its buffer again.
      this.#waiting.push(new Uint8Array(bytes.subarray(taken)));
      this.#waitingBytes += bytes.length - taken;
    }
    return this.#waitingBytes < HIGH_WATER;
  }

  end(): void {
    this.#ending = true;
    if (this.#waiting.length === 0) this.socket?.shutdown();
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  destroy(): void {
    this.#events = undefined;
    this.#over ??= { error: undefined };
    this.#waiting = [];
    this.socket?.end();
  }

  listen(events: WireEvents): void {
    this.#events = events;
    for (const chunk of this.#early.splice(0)) events.data(chunk);
    if (this.#over !== undefined) this.#tellEnd();
  }

  data(chunk: Buffer): void {
    if (this.#events === undefined) this.#early.push(chunk);
    else this.#events.data(chunk);
  }

  drain(): void {
    while (this.#waiting.length > 0) {
      const [first = new Uint8Array()] = this.#waiting;
      const taken = this.#send(first);
      this.#waitingBytes -= taken;
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#ending) this.socket?.shutdown();
    this.#events?.drain();
  }

  finish(error: Error | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = { error };
    this.#tellEnd();
  }

  #tellEnd(): void {
    const told = this.#events;
    this.#events = undefined;
    told?.end(this.#over?.error);
  }

  #send(bytes: Uint8Array): number {
    return this.#over === undefined ? Math.max(0, this.socket?.write(bytes) ?? 0) : bytes.length;
  }
}
