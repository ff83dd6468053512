import type { EventMessage } from "../../spec/api/index.ts";

/** One event as a line of JSON. `timeNano` is printed exactly: it is above what a double holds. */
export function eventLine(event: EventMessage): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(rest).slice(0, -1)},"timeNano":${timeNano}}\n`;
}
