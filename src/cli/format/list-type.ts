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

/** All columns of a row as JSON, by name in order, as Docker's `--format json` has them. */
export function rowJson<T>(type: ListType<T>, row: T): string {
  const object: Record<string, unknown> = {};
  for (const name of Object.keys(type.columns).sort()) object[name] = type.columns[name]?.value(row);
  return goJson(object);
}
