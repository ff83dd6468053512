import type { BuildStatus } from "../../spec/api/index.ts";
import type { Context } from "../core/context.ts";
import { isTerminal, terminalSize } from "../terminal/terminal.ts";
import type { ProgressMode } from "./build-plan.ts";
import { PlainPrinter } from "./progress/plain.ts";
import { colorsOf, TerminalDisplay } from "./progress/terminal-display.ts";
import { Trace } from "./progress/trace.ts";

/** Shows a build while it runs. */
export interface BuildDisplay {
  readonly mode: Exclude<ProgressMode, "auto">;
  event(status: BuildStatus): void;
  /** Shows what is left, and the output of what failed. */
  finish(): void;
  /** Lets go of the terminal, for a shell that takes it; the next event takes it back. */
  suspend(): void;
  readonly trace: Trace;
}

const FRAME_EVERY = 100;

/** Chooses a display: on a terminal one that redraws, elsewhere lines. Everything goes to standard error. */
export function createDisplay(context: Context, progress: ProgressMode): BuildDisplay {
  const terminal = isTerminal(context.err.fd);
  const mode = progress === "auto" ? (terminal ? "tty" : "plain") : progress;
  if (mode === "tty" && terminal) return new LiveDisplay(context, "tty", terminalView(context));
  if (mode === "tty" || mode === "plain") return new LiveDisplay(context, "plain", plainView(context));
  return new SilentDisplay(context, mode);
}

/** How a trace becomes bytes (latin1): what is new, and what is written at the end. */
interface View {
  update(trace: Trace, now: number): string;
  end(trace: Trace, now: number): string;
}

function plainView({ program }: Context): View {
  const printer = new PlainPrinter();
  let head = `#0 building with "default" instance using ${program.command} driver\n\n`;
  const update = (trace: Trace, now: number) => {
    const text = head + printer.print(trace, now);
    head = "";
    return text;
  };
  return { update, end: (trace, now) => update(trace, now) + printer.failures(trace) };
}

function terminalView({ env, program }: Context): View {
  const display = new TerminalDisplay({
    builder: `${program.command}:default`,
    colors: colorsOf(env),
    // The picture is on standard error; a window is known by any of the three.
    size: () => sizeOf(2) ?? terminalSize(),
  });
  return {
    update: (trace, now) => (trace.startTime === undefined ? "" : display.frame(trace, now - trace.clockOffset)),
    end: (trace, now) => {
      if (trace.startTime === undefined) return "";
      const failures = new PlainPrinter().failures(trace, Number.MAX_SAFE_INTEGER);
      return display.frame(trace, now - trace.clockOffset, true) + failures;
    },
  };
}

function sizeOf(fd: 2): { width: number; height: number } | undefined {
  const stream = fd === 2 ? process.stderr : process.stdout;
  if (stream.isTTY !== true) return undefined;
  const [width = 0, height = 0] = stream.getWindowSize?.() ?? [];
  return width === 0 ? undefined : { width, height };
}

class LiveDisplay implements BuildDisplay {
  readonly trace = new Trace();
  readonly mode: "tty" | "plain";
  readonly #view: View;
  readonly #context: Context;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  readonly #onResize = () => this.#show();

  constructor(context: Context, mode: "tty" | "plain", view: View) {
    this.mode = mode;
    this.#context = context;
    this.#view = view;
    if (mode === "tty") process.on("SIGWINCH", this.#onResize);
  }

  event(status: BuildStatus): void {
    this.trace.apply(status, Date.now());
    if (!this.#over) this.#timer ??= setTimeout(() => this.#show(), FRAME_EVERY);
  }

  suspend(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write(this.#view.update(this.trace, Date.now()));
  }

  finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    process.off("SIGWINCH", this.#onResize);
    this.#write(this.#view.end(this.trace, Date.now()));
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#over) return;
    this.#write(this.#view.update(this.trace, Date.now()));
    // A running step's time goes on without events.
    if (this.mode === "tty") this.#timer = setTimeout(() => this.#show(), FRAME_EVERY);
  }

  #write(text: string): void {
    if (text !== "") this.#context.err.write(Buffer.from(text, "latin1"));
  }
}

/** Events as lines of JSON, or nothing at all. */
class SilentDisplay implements BuildDisplay {
  readonly trace = new Trace();
  readonly mode: "quiet" | "rawjson";
  readonly #context: Context;

  constructor(context: Context, mode: "quiet" | "rawjson") {
    this.#context = context;
    this.mode = mode;
  }

  event(status: BuildStatus): void {
    this.trace.apply(status, Date.now());
    if (this.mode === "rawjson") this.#context.err.write(`${JSON.stringify(status)}\n`);
  }

  suspend(): void {}

  finish(): void {
    // What a failed step said is told in any case; the events hold it already.
    if (this.mode === "quiet") this.#context.err.write(Buffer.from(new PlainPrinter().failures(this.trace), "latin1"));
  }
}
