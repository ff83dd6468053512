import type { Context } from "../../core/context.ts";
import { rawMode, terminalSize } from "../../terminal/terminal.ts";
import type { BuildDisplay } from "../display.ts";
import type { BuildConnection } from "./build-connection.ts";

/** Joins this terminal to the shell that a build was stopped with. */
export class DebugShell {
  readonly #context: Context;
  readonly #connection: BuildConnection;
  readonly #display: BuildDisplay;
  #restore: (() => void) | undefined;
  readonly #onData = (chunk: Buffer) => this.#connection.sendShell(chunk);
  readonly #onResize = () => this.#connection.resize(terminalSize());

  constructor(context: Context, connection: BuildConnection, display: BuildDisplay) {
    this.#context = context;
    this.#connection = connection;
    this.#display = display;
  }

  /** Of the daemon: the shell has begun, or is over. */
  state(state: "open" | "closed"): void {
    if (state === "closed") this.close();
    else this.#open();
  }

  output(data: Buffer): void {
    this.#open();
    this.#context.out.write(data);
  }

  close(): void {
    if (this.#restore === undefined) return;
    process.stdin.off("data", this.#onData);
    process.stdin.pause();
    process.off("SIGWINCH", this.#onResize);
    this.#restore();
    this.#restore = undefined;
  }

  #open(): void {
    if (this.#restore !== undefined) return;
    this.#display.suspend();
    this.#restore = rawMode(process.stdin);
    process.stdin.on("data", this.#onData);
    process.stdin.on("end", () => this.#connection.sendShell(Buffer.alloc(0)));
    process.on("SIGWINCH", this.#onResize);
    this.#onResize();
  }
}
