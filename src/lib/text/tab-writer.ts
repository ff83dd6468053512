import { displayLength } from "./width.ts";

export interface TabWriterOptions {
  /** Least width of a column, its padding included. */
  minWidth: number;
  /** Spaces between the widest cell and the next column. */
  padding: number;
}

/**
 * Lines with tab-terminated cells to aligned columns, by the rules of Go's text/tabwriter with spaces: a column is a
 * run of adjacent lines that have a cell there, and a line's last cell (with no tab after it) takes no part.
 */
export function alignTabs(text: string, { minWidth, padding }: TabWriterOptions): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths: number[][] = lines.map(() => []);
  const columns = Math.max(0, ...lines.map((cells) => cells.length - 1));
  for (let column = 0; column < columns; column++) {
    for (let start = 0; start < lines.length; start++) {
      const end = blockEnd(lines, column, start);
      if (end === start) continue;
      const block = lines.slice(start, end);
      const widest = Math.max(...block.map((cells) => displayLength(cells[column] ?? "")));
      for (const width of widths.slice(start, end)) width[column] = Math.max(minWidth, widest + padding);
      start = end - 1;
    }
  }
  return lines.map((cells, line) => alignLine(cells, widths[line] ?? [])).join("\n");
}

function blockEnd(lines: readonly string[][], column: number, start: number): number {
  let end = start;
  while (end < lines.length && column < (lines[end]?.length ?? 0) - 1) end++;
  return end;
}

function alignLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - displayLength(cell))))
    .join("");
}

/** Rows under a header as the Docker CLI prints its lists. Ends with a newline. */
export function table(rows: readonly (readonly string[])[], header: readonly string[]): string {
  const text = [header, ...rows].map((cells) => cells.join("\t")).join("\n");
  return `${alignTabs(text, dockerTable)}\n`;
}

/** The Docker CLI's settings for tables and for `--format "table …"`. */
export const dockerTable: TabWriterOptions = { minWidth: 10, padding: 3 };
