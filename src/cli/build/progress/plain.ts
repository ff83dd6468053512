import { failedSteps, latin1 } from "./failed-steps.ts";
import { fixedSize } from "./fixed-size.ts";
import { coveredTime } from "./intervals.ts";
import { isCanceled, type StatusLine, type Step, type Trace } from "./trace.ts";

/** A step that says nothing for so long lets another one speak, in milliseconds. */
const PATIENCE = 5_000;
/** An open status line is shown again after so much of its whole, or so many milliseconds. */
const MIN_SHARE = 0.05;
const MIN_TIME = 5_000;
/** Lines of output in the report of a failed step. */
const REPORTED_LINES = 10;

/** What has been printed of one step. */
interface Shown {
  readonly index: number;
  /** Lines of its log, from the very first. */
  lines: number;
  /** Characters of a last line that had no end yet. */
  offset: number;
  warnings: number;
  readonly statuses: Map<string, { current: number; timestamp: number }>;
  spokeAt: number;
}

/**
 * A build as lines of text, in BuildKit's plain form: every line starts with the number of its step. Steps that run at
 * once take turns; "..." marks where one is left. `print` gives what is new as bytes in latin1.
 */
export class PlainPrinter {
  readonly #shown = new Map<string, Shown>();
  #current: Step | undefined;
  #first = true;
  #text = "";

  print(trace: Trace, now: number): string {
    const touched = trace.begun.filter(({ digest }) => trace.touched.has(digest));
    const ended = touched.filter((step) => step.completed !== undefined);
    const open = touched.filter((step) => step.completed === undefined);
    const current = this.#current;
    if (current !== undefined && ended.includes(current)) this.#step(trace, current, now);
    for (const step of ended) if (step !== current) this.#step(trace, step, now);
    for (const step of this.#speakers(trace, open, now)) this.#step(trace, step, now);
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** What is printed of the failed steps when all is over, with so many of their last lines. */
  failures(trace: Trace, lines = REPORTED_LINES): string {
    return failedSteps(trace, ({ log }) => log.lines.slice(-lines));
  }

  /** The open step that prints now: the one that did so before, unless it is over or has said nothing for long. */
  #speakers(trace: Trace, open: readonly Step[], now: number): Step[] {
    const current = this.#current;
    if (current === undefined) return (open.length > 0 ? open : running(trace)).slice(0, 1);
    if (open.includes(current)) return [current];
    const silent = now - (this.#shown.get(current.digest)?.spokeAt ?? now);
    return silent > PATIENCE ? open.slice(0, 1) : [];
  }

  #step(trace: Trace, step: Step, now: number): void {
    const shown = this.#shownOf(step, now);
    if (this.#current !== step) this.#turn(step, shown);
    this.#statuses(trace, step, shown);
    for (const warning of step.warnings.slice(shown.warnings))
      this.#line(shown, `WARN: ${Buffer.from(warning.short, "base64").toString("latin1")}`);
    shown.warnings = step.warnings.length;
    this.#log(step, shown);
    shown.spokeAt = now;
    trace.touched.delete(step.digest);
    if (step.completed === undefined) return;
    if (step.log.partial && shown.offset > 0) this.#text += "\n";
    shown.offset = 0;
    this.#line(shown, ending(step, now));
    this.#current = undefined;
  }

  #shownOf(step: Step, now: number): Shown {
    const known = this.#shown.get(step.digest);
    if (known !== undefined) return known;
    const index = this.#shown.size + 1;
    const shown: Shown = { index, lines: 0, offset: 0, warnings: 0, statuses: new Map(), spokeAt: now };
    this.#shown.set(step.digest, shown);
    return shown;
  }

  #turn(step: Step, shown: Shown): void {
    const before = this.#current === undefined ? undefined : this.#shown.get(this.#current.digest);
    if (before !== undefined) {
      if (before.offset > 0) this.#text += "\n";
      before.offset = 0;
      this.#line(before, "...");
    }
    if (!this.#first) this.#text += "\n";
    this.#first = false;
    this.#line(shown, latin1(step.name));
    this.#current = step;
  }

  #statuses(trace: Trace, step: Step, shown: Shown): void {
    for (const id of trace.touchedStatuses.get(step.digest) ?? []) {
      const status = step.statuses.get(id);
      if (status === undefined || !worthShowing(status, shown.statuses.get(id))) continue;
      shown.statuses.set(id, status);
      this.#line(shown, latin1(statusText(status)));
    }
    trace.touchedStatuses.delete(step.digest);
  }

  #log({ log }: Step, shown: Shown): void {
    shown.lines = Math.max(shown.lines, log.dropped);
    for (let at = shown.lines - log.dropped; at < log.lines.length; at++) {
      const line = log.lines[at];
      if (line === undefined) break;
      const isOpen = log.partial && at === log.lines.length - 1;
      const prefix = shown.offset > 0 ? "" : `#${shown.index} ${line.stamp} `;
      this.#text += `${prefix}${line.text.slice(Math.max(0, shown.offset - 1))}${isOpen ? "" : "\n"}`;
      // One more than what was printed of it: an open line that is still empty has its prefix, too.
      shown.offset = isOpen ? line.text.length + 1 : 0;
      if (!isOpen) shown.lines++;
    }
  }

  #line({ index }: Shown, text: string): void {
    this.#text += `#${index} ${text}\n`;
  }
}

const running = (trace: Trace) => trace.begun.filter((step) => step.completed === undefined);

function worthShowing(status: StatusLine, last: { current: number; timestamp: number } | undefined): boolean {
  if (last === undefined || status.completed !== undefined) return true;
  const share = status.total > 0 ? (status.current - last.current) / status.total : 0;
  return share >= MIN_SHARE || status.timestamp - last.timestamp >= MIN_TIME;
}

function statusText({ id, current, total, started, completed, timestamp }: StatusLine): string {
  const size = sizeText(current, total);
  const seconds = started === undefined ? 0 : ((completed ?? timestamp) - started) / 1000;
  const took = seconds > 0.01 ? ` ${seconds.toFixed(1)}s` : "";
  return `${id}${size === "" ? "" : ` ${size}`}${took}${completed === undefined ? "" : " done"}`;
}

/** How far a status line is: "1.00kB / 2.00kB", "2B" or "". */
export function sizeText(current: number, total: number): string {
  if (total > 0) return `${fixedSize(current)} / ${fixedSize(total)}`;
  return current > 0 ? fixedSize(current) : "";
}

function ending(step: Step, now: number): string {
  if (isCanceled(step)) return "CANCELED";
  if (step.error !== "") return `ERROR: ${latin1(step.error)}`;
  if (step.cached) return "CACHED";
  return `DONE ${(coveredTime(step.intervals.values(), now) / 1000).toFixed(1)}s`;
}
