import { coveredTime } from "./intervals.ts";
import { visibleLine } from "./log-text.ts";
import { sizeText } from "./plain.ts";
import { isCanceled, type Step, type Trace } from "./trace.ts";

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** How a row is coloured: what is done, stands by (output), failed, was given up, warns. */
export type Tone = "plain" | "done" | "output" | "error" | "cancel" | "warning";

export interface Row {
  readonly text: string;
  readonly tone: Tone;
}

export interface ScreenOptions extends Size {
  readonly now: number;
  /** Named at the right end of the first row. */
  readonly builder: string;
  /** The last picture: every row, also those that do not fit the height. */
  readonly final: boolean;
}

/** Rows of output below a running step. */
const OUTPUT_ROWS = 6;
/** A step runs so long before its output is shown, in milliseconds. */
const OUTPUT_AFTER = 500;

/** A build's picture on a terminal, in BuildKit's layout: a heading, steps with their times, output of those that run. */
export function drawScreen(trace: Trace, options: ScreenOptions): Row[] {
  const { now, width, height, final } = options;
  const blocks = trace.begun.map((step) => stepRows(step, now, width));
  if (final) return [heading(trace, options), ...blocks.flat()];
  const room = Math.max(2, height - 2);
  const running = trace.begun.filter((step) => step.completed === undefined);
  const loud = running.filter((step) => step.log.lines.length > 0 && now - (step.started ?? now) >= OUTPUT_AFTER);
  const space = Math.floor((room - blocks.flat().length) / Math.max(1, loud.length));
  const each = Math.max(1, Math.min(OUTPUT_ROWS, space));
  const shown = trace.begun.flatMap((step, index) => [
    ...(blocks[index] ?? []),
    ...(loud.includes(step) ? outputRows(step, Math.min(each, OUTPUT_ROWS), width) : []),
  ]);
  return [heading(trace, options), ...withinHeight(shown, room)];
}

function heading(trace: Trace, { now, width, builder, final }: ScreenOptions): Row {
  const total = trace.steps.size;
  const done = [...trace.steps.values()].filter((step) => step.completed !== undefined).length;
  const seconds = Math.max(0, now - (trace.startTime ?? now)) / 1000;
  const text = `[+] Building ${seconds.toFixed(1)}s (${done}/${total})${final ? " FINISHED" : ""}`;
  return { text: spread(text, builder, width - 1), tone: "plain" };
}

function stepRows(step: Step, now: number, width: number): Row[] {
  const tone = stepTone(step);
  const prefix = tone === "error" ? "ERROR " : tone === "cancel" ? "CANCELED " : step.cached ? "CACHED " : "";
  const time = coveredTime(step.intervals.values(), now);
  const rows = [row(`${prefix}${visibleLine(latin(step.name))}`, "", time, width, tone)];
  for (const status of step.statuses.values()) {
    const took = status.started === undefined ? 0 : (status.completed ?? now) - status.started;
    const isDone = status.completed !== undefined || step.completed !== undefined;
    const size = sizeText(status.current, status.total);
    rows.push(row(`=> ${visibleLine(latin(status.id))}`, size, took, width, isDone ? "done" : "plain"));
  }
  for (const warning of step.warnings) {
    const text = Buffer.from(warning.short, "base64").toString("latin1");
    rows.push({ text: cut(` => WARN: ${visibleLine(text)}`, width - 1), tone: "warning" });
  }
  return rows;
}

function stepTone(step: Step): Tone {
  if (step.completed === undefined) return "plain";
  if (step.error === "") return "done";
  return isCanceled(step) ? "cancel" : "error";
}

function row(name: string, size: string, milliseconds: number, width: number, tone: Tone): Row {
  const timer = ` ${(Math.max(0, milliseconds) / 1000).toFixed(1).padStart(3)}s`;
  const left = width - 1 - " => ".length - timer.length - 1;
  const withSize = size !== "" && left - size.length - 1 >= 20;
  const text = ` => ${cut(name, withSize ? left - size.length - 1 : left)}${withSize ? ` ${size}` : ""}`;
  return { text: spread(text, timer, width - 1), tone };
}

function outputRows({ log }: Step, count: number, width: number): Row[] {
  return log.lines
    .slice(-count)
    .map(({ text }) => ({ text: cut(` => => # ${visibleLine(text)}`, width - 1), tone: "output" as const }));
}

/** Takes rows of what is done from the front until the others fit; of those, the last ones. */
function withinHeight(rows: readonly Row[], room: number): Row[] {
  let surplus = rows.length - room;
  if (surplus <= 0) return [...rows];
  const kept = rows.filter((each) => each.tone !== "done" || surplus-- <= 0);
  return kept.slice(-room);
}

const latin = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** The text in at most `width` columns, by characters. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return [...text].slice(0, Math.max(0, width)).join("");
}

function spread(left: string, right: string, width: number): string {
  const gap = width - [...left].length - right.length;
  return gap < 1 ? cut(left, width) : left + " ".repeat(gap) + right;
}
