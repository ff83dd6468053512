import { invalid } from "../lib/index.ts";

const names = [
  ["ABRT", 6],
  ["ALRM", 14],
  ["BUS", 7],
  ["CHLD", 17],
  ["CONT", 18],
  ["FPE", 8],
  ["HUP", 1],
  ["ILL", 4],
  ["INT", 2],
  ["IO", 29],
  ["KILL", 9],
  ["PIPE", 13],
  ["PROF", 27],
  ["PWR", 30],
  ["QUIT", 3],
  ["SEGV", 11],
  ["STKFLT", 16],
  ["STOP", 19],
  ["SYS", 31],
  ["TERM", 15],
  ["TRAP", 5],
  ["TSTP", 20],
  ["TTIN", 21],
  ["TTOU", 22],
  ["URG", 23],
  ["USR1", 10],
  ["USR2", 12],
  ["VTALRM", 26],
  ["WINCH", 28],
  ["XCPU", 24],
  ["XFSZ", 25],
  ["CLD", 17],
  ["IOT", 6],
  ["POLL", 29],
] as const;

const RTMIN = 34;
const RTMAX = 64;

function realTime(): [string, number][] {
  const low = Array.from({ length: 16 }, (_, i): [string, number] => [i === 0 ? "RTMIN" : `RTMIN+${i}`, RTMIN + i]);
  const high = Array.from({ length: 15 }, (_, i): [string, number] => [i === 0 ? "RTMAX" : `RTMAX-${i}`, RTMAX - i]);
  return [...low, ...high];
}

const numbers = new Map<string, number>([...names, ...realTime()]);

/**
 * The number of a signal named as Docker allows: "SIGTERM", "term", "15", "RTMIN+3". Throws "invalid" with Docker's text
 * for anything else, zero and numbers that are no signal included.
 */
export function signalNumber(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= RTMAX) return number;
  }
  const number = numbers.get(text.toUpperCase().replace(/^SIG/, ""));
  if (number === undefined) throw invalid(`invalid signal: ${text}`);
  return number;
}

/** "SIGTERM" for 15; undefined for a number without a name. */
export function signalName(number: number): string | undefined {
  for (const [name, value] of numbers) if (value === number) return `SIG${name}`;
  return undefined;
}
