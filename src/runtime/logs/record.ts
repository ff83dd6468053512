/**
 * The form in which conmon writes a log (Kubernetes' CRI form), in UTC as the driver has it write:
 * `2026-11-20T22:45:56.309152330+00:00 stdout F text`. F ends a line; P is a piece of one, up to what conmon read at once.
 */
export const record = {
  /** Date, time and nine digits, without the zone. */
  timeLength: 29,
  zone: "+00:00",
  /** "o" or "e": which of stdout and stderr. */
  streamAt: 39,
  flagAt: 43,
  contentAt: 45,
} as const;

const space = 0x20;
const letterO = 0x6f;
const letterE = 0x65;
const letterF = 0x46;
const letterP = 0x50;

/** Whether bytes at `start` begin a record; `end` is behind its newline. What is no record is skipped by readers. */
export function isRecord(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= record.contentAt) return false;
  const stream = bytes[start + record.streamAt];
  const flag = bytes[start + record.flagAt];
  return (
    bytes[start + 35] === space &&
    bytes[start + 42] === space &&
    bytes[start + 44] === space &&
    (stream === letterO || stream === letterE) &&
    (flag === letterF || flag === letterP)
  );
}

export const isStdout = (bytes: Uint8Array, start: number) => bytes[start + record.streamAt] === letterO;

/** Whether the record ends its line. */
export const isFull = (bytes: Uint8Array, start: number) => bytes[start + record.flagAt] === letterF;

/** The index behind the next newline, or -1 where there is none before `end`. */
export function afterNewline(bytes: Buffer, from: number, end: number): number {
  // Most lines are short, and a call into the runtime costs more than a few steps.
  const near = Math.min(end, from + 64);
  for (let at = from; at < near; at++) if (bytes[at] === 0x0a) return at + 1;
  const found = near === end ? -1 : bytes.indexOf(0x0a, near);
  return found === -1 || found >= end ? -1 : found + 1;
}
