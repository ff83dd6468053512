import { invalid } from "../../../lib/index.ts";

const MAXIMUM = 8192;

/**
 * Parses a list of the kernel's such as "0-2,7". Throws with Docker's text for another form and for numbers above 8192,
 * so that "0-4294967295" does not become a set of as many.
 */
export function parseNumberList(text: string): Set<number> {
  const found = new Set<number>();
  if (text === "") return found;
  for (const part of text.split(",")) {
    const match = /^\+?(\d+)(?:-\+?(\d+))?$/.exec(part);
    const low = Number(match?.[1]);
    const high = match?.[2] === undefined ? low : Number(match[2]);
    if (match === null || high < low) throw invalid(`invalid format: ${text}`);
    if (high > MAXIMUM) throw invalid(`value of out range, maximum is ${MAXIMUM}`);
    for (let number = low; number <= high; number++) found.add(number);
  }
  return found;
}
