/** Where in a Dockerfile a failure or a warning lies. Lines are counted from 1. */
export interface SourcePlace {
  readonly filename: string;
  /** The whole file. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The word that is meant; a caret stands under its first character. */
  readonly at?: { readonly line: number; readonly column: number } | undefined;
}

/** The lines around a place, those that are meant marked, in BuildKit's form. "" for a place outside of the file. */
export function excerpt({ filename, text, start, end, at }: SourcePlace): string {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (start < 1 || end < start || end > lines.length) return "";
  let [first, last] = [start, end];
  // BuildKit's count: a single line gets more around it than several.
  for (let padding = start === end ? 4 : 2; padding > 0; padding--) {
    if (first > 1) {
      first--;
      padding--;
    }
    if (last < lines.length) {
      last++;
      padding--;
    }
  }
  const rows = lines.slice(first - 1, last).map((line, index) => {
    const number = first + index;
    const mark = number >= start && number <= end ? ">>>" : "   ";
    const caret = at?.line === number && at.column <= line.length ? caretUnder(line, at.column) : "";
    return ` ${String(number).padStart(3)} | ${mark} ${line}\n${caret}`;
  });
  const rule = "-".repeat(20);
  const place = at === undefined ? `${start}` : `${at.line}:${at.column}`;
  return `${filename}:${place}\n${rule}\n${rows.join("")}${rule}\n`;
}

/** Tabs stay, so that the caret stands where the terminal puts the word. */
function caretUnder(line: string, column: number): string {
  return `     |     ${line.slice(0, column - 1).replace(/[^\t]/g, " ")}^\n`;
}
