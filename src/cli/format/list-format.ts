import { table } from "../../lib/text/index.ts";
import { CliError } from "../core/cli-error.ts";
import { goJson } from "./go-json.ts";

/** One column of a list: its header, and its cell. */
export interface Column<T> {
  readonly header: string;
  readonly value: (row: T) => unknown;
}

/** A kind of row and everything that a --format template may say of it. */
export interface ListType<T> {
  /** Docker's name of the type, for the message about an unknown field. */
  readonly name: string;
  readonly columns: Readonly<Record<string, Column<T>>>;
  /** Fields that take arguments, as `.Label "name"` does. */
  readonly methods?: Readonly<
    Record<string, { header: (argument: string) => string; value: (row: T, argument: string) => string }>
  >;
  /** The template that the word "raw" stands for. */
  readonly raw?: string;
}

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
  return table(
    rows.map((row) => chosen.map((column) => String(column.value(row)))),
    chosen.map((column) => column.header),
  );
}

/** All columns of a row as JSON, by name in order, as Docker's `--format json` has them. */
export function rowJson<T>(type: ListType<T>, row: T): string {
  const object: Record<string, unknown> = {};
  for (const name of Object.keys(type.columns).sort()) object[name] = type.columns[name]?.value(row);
  return goJson(object);
}
