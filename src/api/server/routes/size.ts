import { invalid } from "../../../lib/index.ts";

/** The `h` and `w` of a resize: rows and columns of a terminal. Fails "invalid" with Docker's text. */
export function readSize(query: URLSearchParams): { height: number; width: number } {
  return { height: readSide(query.get("h")), width: readSide(query.get("w")) };
}

function readSide(text: string | null): number {
  const shown = JSON.stringify(text ?? "");
  if (text === null || !/^\d+$/.test(text)) throw invalid(`strconv.Atoi: parsing ${shown}: invalid syntax`);
  const value = Number(text);
  if (value > 0xffff) throw invalid(`strconv.Atoi: parsing ${shown}: value out of range`);
  return value;
}
