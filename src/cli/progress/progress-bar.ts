import { humanSize } from "../../lib/text/index.ts";
import type { JSONMessage } from "../../spec/api/index.ts";

const CELLS = 50;
/** Narrower terminals get the numbers alone. */
const BAR_FROM_WIDTH = 110;

/** "[====>   ]  1.5MB/3MB": how far a layer is, in Docker's form; "" where nothing is known. */
export function progressBar(detail: NonNullable<JSONMessage["progressDetail"]>, width: number): string {
  const { current = 0, total = 0, units = "", hidecounts = false } = detail;
  if (current <= 0 && total <= 0) return "";
  const amount = (value: number) => (units === "" ? humanSize(value) : String(value));
  if (total <= 0) return units === "" ? amount(current).padStart(8) : `${current} ${units}`;
  const done = Math.min(CELLS, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = width > BAR_FROM_WIDTH ? `[${"=".repeat(done)}>${" ".repeat(CELLS - done)}] ` : "";
  if (hidecounts) return bar;
  const suffix = units === "" ? "" : ` ${units}`;
  const shown = units === "" ? amount(current).padStart(8) : amount(current);
  return `${bar}${current > total ? shown : `${shown}/${amount(total)}`}${suffix}`;
}
