import { latin1 } from "./failed-steps.ts";
import { drawScreen, type Size, type Tone } from "./screen.ts";
import type { Trace } from "./trace.ts";

export interface TerminalOptions {
  readonly builder: string;
  readonly colors: Readonly<Record<Tone, string>>;
  readonly size: () => Size;
}

/** Redraws a build's picture in place. Gives bytes in latin1 to write. */
export class TerminalDisplay {
  /** Lengths of the rows that stand on the terminal. */
  #drawn: number[] = [];
  readonly #options: TerminalOptions;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  frame(trace: Trace, now: number, final = false): string {
    const { builder, colors, size } = this.#options;
    const { width, height } = withDefault(size());
    const rows = drawScreen(trace, { builder, now, width, height, final });
    const up = this.#height(width);
    const back = up === 0 ? "\r" : `\u001b[${up}A\r`;
    const lines = rows.map(({ text, tone }) => `${paint(latin1(text), colors[tone])}\u001b[K\n`).join("");
    this.#drawn = rows.map(({ text }) => text.length);
    return `\u001b[?25l${back}${lines}\u001b[J\u001b[?25h`;
  }

  /** Lines of the terminal that the rows take: a window that became narrower has broken them. */
  #height(width: number): number {
    return this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / width)), 0);
  }
}

const withDefault = ({ width, height }: Size): Size => ({ width: width || 80, height: height || 24 });

const paint = (text: string, color: string) => (color === "" ? text : `${color}${text}\u001b[0m`);

const COLORS: Record<Tone, string> = {
  plain: "",
  done: "\u001b[34m",
  output: "\u001b[2m",
  error: "\u001b[31m",
  cancel: "\u001b[33m",
  warning: "\u001b[33m",
};

const NAMES: Record<string, Tone> = { run: "done", cancel: "cancel", error: "error", warning: "warning" };
const CODES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** Colours of the rows: none with NO_COLOR; BUILDKIT_COLORS ("run=green:error=255,0,0") changes some. */
export function colorsOf(env: NodeJS.ProcessEnv): Record<Tone, string> {
  if (env.NO_COLOR) return { plain: "", done: "", output: "", error: "", cancel: "", warning: "" };
  const colors = { ...COLORS };
  for (const part of (env.BUILDKIT_COLORS ?? "").split(":")) {
    const [name = "", value = ""] = part.split("=");
    const tone = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    const code = colorCode(value.toLowerCase());
    if (tone !== undefined && code !== undefined) colors[tone] = code;
  }
  return colors;
}

function colorCode(value: string): string | undefined {
  const index = CODES.indexOf(value);
  if (index >= 0) return `\u001b[${30 + index}m`;
  if (!/^\d{1,3}(?:,\d{1,3}){2}$/.test(value)) return undefined;
  return `\u001b[38;2;${value
    .split(",")
    .map((part) => Math.min(255, Number(part)))
    .join(";")}m`;
}
