import type { LogLine } from "./log-text.ts";
import { isCanceled, type Step, type Trace } from "./trace.ts";

/** The block that is printed of every step that failed: its name and the end of its output. Bytes as latin1. */
export function failedSteps(trace: Trace, linesOf: (step: Step) => readonly LogLine[]): string {
  return trace.begun
    .filter((step) => step.error !== "" && !isCanceled(step))
    .map((step) => {
      const lines = linesOf(step).map(({ stamp, text }) => `${stamp} ${text}\n`);
      return `------\n > ${latin1(step.name)}:\n${lines.join("")}------\n`;
    })
    .join("");
}

/** A text's UTF-8 bytes, one a character: what output and names are put together in. */
export const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");
