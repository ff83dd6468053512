import { setTimeout as delay } from "node:timers/promises";
import { codeOf, connectSeqpacket, type ExitWatch, type PacketConnection } from "../../system/index.ts";
import type { Attachment, AttachStreams, StdinMode } from "../runtime.ts";
import { PacketBuffer } from "./packet-buffer.ts";
import { createSession, type Session } from "./session.ts";

/** Below conmon's own limit of 32 KiB a packet. */
const inputLimit = 16 * 1024;
/** Milliseconds between two looks at whether stdin is still read. */
const checkInterval = 1000;

export interface HubOptions {
  /** conmon's attach socket. */
  socket: string;
  tty: boolean;
  stdin: StdinMode;
  /** Whether anything still has the process's stdin open. */
  stdinHasReader: () => boolean;
  /** A watch for the end of the process whose output it is; asked for where a client lets it wait. */
  watchProcess: () => ExitWatch;
  /** The connection is over and the hub of no more use. */
  onClose: () => void;
}

/**
 * One connection to a monitor, shared by every client of the process. One, because conmon takes the first client that
 * leaves for the end of stdin, and because it accepts one connection at a time: a second one could miss the output of a
 * process that is over at once.
 */
export interface Hub {
  attach(streams: AttachStreams): Attachment;
  close(): void;
}

/** Connects; bytes that the process writes from then on reach the sessions attached in the same turn. */
export async function connectHub(options: HubOptions): Promise<Hub> {
  const hub = new SharedConnection(options);
  for (let attempt = 0; ; attempt++) {
    try {
      hub.open();
      return hub;
    } catch (error) {
      // Nobody listens: the process has ended, and so has its output.
      const code = codeOf(error);
      if (code === "ENOENT" || code === "ECONNREFUSED") {
        hub.end();
        return hub;
      }
      if (code !== "EAGAIN" || attempt > 100) throw error;
    }
    await delay(10);
  }
}

class SharedConnection implements Hub {
  readonly #options: HubOptions;
  readonly #buffer = new PacketBuffer();
  readonly #sessions = new Set<Session>();
  #connection: PacketConnection | undefined;
  #flushing = false;
  #waiting = false;
  #processEnded = false;
  #watch: ExitWatch | undefined;
  #over = false;
  #stdinEnded = false;
  #stdinCheck: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  open(): void {
    this.#connection = connectSeqpacket(this.#options.socket, {
      buffer: () => this.#buffer.next(),
      packet: (length) => this.#receive(length),
      end: () => this.end(),
    });
  }

  attach(streams: AttachStreams): Attachment {
    const { tty, stdin } = this.#options;
    const session = createSession({
      tty,
      streams,
      onDrain: () => this.#resume(),
      onLeave: () => this.#leave(session, streams.stdin),
      write: streams.stdin && stdin !== "none" ? (bytes) => this.#write(bytes) : undefined,
      onInputEnd: () => this.#endStdin(),
    });
    if (this.#over) session.end();
    else this.#sessions.add(session);
    return session.attachment;
  }

  close(): void {
    this.#connection?.destroy();
  }

  #receive(length: number): boolean {
    this.#buffer.add(length);
    if (!this.#flushing) {
      this.#flushing = true;
      // After this turn's reads: while the process writes fast, many packets go on as one chunk.
      setImmediate(() => this.#flush());
    }
    if (this.#processEnded || !this.#blocked()) return true;
    this.#wait();
    return false;
  }

  /**
   * conmon waits with us, and does not write down the end of a process while it waits. What it still holds by then is
   * no more than the pipes do, so it is taken whether or not the client reads.
   */
  #wait(): void {
    this.#waiting = true;
    if (this.#watch !== undefined) return;
    this.#watch = this.#options.watchProcess();
    void this.#watch.ended.then(() => {
      this.#processEnded = true;
      this.#resume();
    });
  }

  #flush(): void {
    this.#flushing = false;
    for (const chunk of this.#buffer.take()) for (const session of this.#sessions) session.give(chunk);
  }

  #blocked(): boolean {
    for (const session of this.#sessions) if (session.blocked) return true;
    return false;
  }

  #resume(): void {
    if (!this.#waiting || (this.#blocked() && !this.#processEnded)) return;
    this.#waiting = false;
    this.#connection?.resume();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch?.close();
    clearInterval(this.#stdinCheck);
    this.#flush();
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
    this.#options.onClose();
  }

  #leave(session: Session, hadStdin: boolean): void {
    if (!this.#sessions.delete(session)) return;
    if (hadStdin) this.#endStdin();
    const mayClose = this.#options.stdin !== "once" || this.#stdinEnded;
    // Where leaving would end stdin the connection stays, and what arrives is dropped.
    if (this.#sessions.size === 0 && mayClose) this.close();
    else this.#resume();
  }

  #write(bytes: Buffer): Promise<void> {
    const turn = this.#writing.then(() => this.#writePieces(bytes));
    this.#writing = turn.catch(() => {});
    return turn;
  }

  async #writePieces(bytes: Buffer): Promise<void> {
    if (!this.#options.tty) this.#stdinCheck ??= setInterval(() => this.#checkStdin(), checkInterval).unref();
    for (let at = 0; at < bytes.length; at += inputLimit) {
      if (!this.#options.tty) this.#checkStdin();
      if (this.#stdinEnded) return;
      await this.#connection?.write(bytes.subarray(at, at + inputLimit));
    }
  }

  /**
   * What the process will not read any more must not be sent: conmon 2.1.6 tries to write it for ever, at a whole CPU's
   * expense. Where it already does, the end of any connection makes it close stdin (in mode "once"), and that ends it.
   */
  #checkStdin(): void {
    if (this.#stdinEnded || this.#over || this.#options.stdinHasReader()) return;
    this.#stdinEnded = true;
    clearInterval(this.#stdinCheck);
    if (this.#options.stdin !== "once") return;
    try {
      connectSeqpacket(this.#options.socket, { buffer: () => Buffer.alloc(1), packet: () => true, end() {} }).destroy();
    } catch {
      // the process has ended just now
    }
  }

  #endStdin(): void {
    if (this.#options.stdin !== "once" || this.#stdinEnded) return;
    // Behind what is still being written; a client that left may have left bytes there.
    this.#writing = this.#writing.then(() => {
      this.#stdinEnded = true;
      this.#connection?.closeWrite();
    });
  }
}
