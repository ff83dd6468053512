/** One line of a step's output; `stamp` is its time since the step began, as shown before it. Bytes as latin1. */
export interface LogLine {
  readonly stamp: string;
  text: string;
}

/** Seconds with three digits, fewer decimals as they grow: "0.338", "12.40", "104.2". */
export function stampOf(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  return seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
}

/** Lines that are kept of one step for the report of its failure, and the bytes of one that never ends. */
const KEPT_LINES = 20_000;
const MAX_LINE = 1024 * 1024;

/** The output of one step, cut in lines. The last one is `partial` while its end has not come. */
export class LogText {
  readonly lines: LogLine[] = [];
  partial = false;
  /** How many lines were dropped from the front of `lines`. */
  dropped = 0;

  append(data: string, elapsed: number): void {
    let rest = data;
    while (rest !== "") {
      const newline = rest.indexOf("\n");
      const piece = newline < 0 ? rest : rest.slice(0, newline);
      this.#add(piece, elapsed);
      this.partial = newline < 0;
      rest = newline < 0 ? "" : rest.slice(newline + 1);
    }
    if (this.lines.length > KEPT_LINES + 1000)
      this.dropped += this.lines.splice(0, this.lines.length - KEPT_LINES).length;
  }

  #add(piece: string, elapsed: number): void {
    const last = this.partial ? this.lines.at(-1) : undefined;
    if (last === undefined || last.text.length + piece.length > MAX_LINE)
      this.lines.push({ stamp: stampOf(elapsed), text: piece });
    else last.text += piece;
  }
}

/** Text as a terminal's line would show it in the end: after the last return, without escape sequences and controls. */
export function visibleLine(bytes: string): string {
  const text = Buffer.from(bytes, "latin1").toString("utf8").replace(/\r+$/, "");
  return text
    .slice(text.lastIndexOf("\r") + 1)
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])/g, "")
    .replace(/\t/g, " ")
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, "");
}
