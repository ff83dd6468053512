import { table } from "../../lib/text/index.ts";
import { CliError } from "../core/cli-error.ts";
import { forTerminal } from "./for-terminal.ts";
import { type ListType, rowJson } from "./list-type.ts";

/**
 * Prints rows by a --format: "table" or "" (`columns` of them), "table TEMPLATE", "json", "raw" or a template.
 * Throws CliError with Docker's texts for a bad template.
 */
export async function formatList<T>(
  type: ListType<T>,
  rows: readonly T[],
  format: string,
  columns: readonly string[],
): Promise<string> {
  const trimmed = format.trim();
  if (trimmed === "" || trimmed === "table") return plainTable(type, rows, columns);
  if (trimmed === "json") return rows.map((row) => `${rowJson(type, row)}\n`).join("");
  const { renderTemplate } = await import("./template-list.ts");
  return renderTemplate(type, rows, trimmed === "raw" ? (type.raw ?? "raw") : trimmed);
}

function plainTable<T>(type: ListType<T>, rows: readonly T[], columns: readonly string[]): string {
  const chosen = columns.map((name) => {
    const column = type.columns[name];
    if (column === undefined) throw new CliError(`no column ${name}`);
    return column;
  });
  const visible = forTerminal(1, { lines: false });
  return table(
    rows.map((row) => chosen.map((column) => visible(String(column.value(row))))),
    chosen.map((column) => column.header),
  );
}
