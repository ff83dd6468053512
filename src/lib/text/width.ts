/** Number of characters as Go counts runes: what its tabwriter takes for the width of a cell. */
export function displayLength(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const wide = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf\\uac00-\\ud7a3" +
    "\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{1f300}-\\u{1f64f}\\u{1f900}-\\u{1f9ff}" +
    "\\u{20000}-\\u{3fffd}]",
  "u",
);

/** Columns that a text takes on a terminal: two for an East Asian wide character. */
function terminalWidth(text: string): number {
  let width = 0;
  for (const character of text) width += wide.test(character) ? 2 : 1;
  return width;
}

/** The text in at most `width` terminal columns, "…" in place of what did not fit. Docker's rule for long columns. */
export function ellipsis(text: string, width: number): string {
  if (width <= 0) return "";
  if (terminalWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += terminalWidth(character);
    if (used > width - 1 && !(width === 1 && kept === "")) break;
    kept += character;
    if (width === 1) return kept;
  }
  return `${kept}…`;
}

/** An id as lists show it: its algorithm left out, cut to twelve characters. */
export function shortId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1, colon + 13);
}
