import { compileTemplate, goStruct, headerFunctions, type Template } from "../../lib/template/index.ts";
import { alignTabs, dockerTable } from "../../lib/text/index.ts";
import { CliError } from "../core/cli-error.ts";
import { forTerminal } from "./for-terminal.ts";
import { type ListType, rowJson } from "./list-type.ts";

/** Rows by a template: one line each; with "table " in front, aligned and under a header. */
export function renderTemplate<T>(type: ListType<T>, rows: readonly T[], format: string): string {
  const isTable = /^table(?=[\s{])/.test(format);
  const source = (isTable ? format.slice("table".length).trimStart() : format)
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n");
  const template = compile(source);
  const lines = rows.map((row) => execute(template, templateRow(type, row)));
  if (!isTable) return lines.map((line) => `${line}\n`).join("");
  const header = execute(compileTemplate(source, { functions: headerFunctions }), headerRow(type));
  return `${alignTabs([header, ...lines].join("\n"), dockerTable)}\n`;
}

/** Compiles a --format template; its mistakes read as Docker's. */
export function compile(source: string): Template {
  try {
    return compileTemplate(source, { visible: forTerminal(1, { lines: true }) });
  } catch (error) {
    throw new CliError(`failed to parse template: ${(error as Error).message}`);
  }
}

/** Applies a template to a value; mistakes read as Docker's. */
export function execute(template: Template, data: unknown): string {
  try {
    return template.render(data);
  } catch (error) {
    throw new CliError(`failed to execute template: ${(error as Error).message}`);
  }
}

function templateRow<T>(type: ListType<T>, row: T): object {
  const object = goStruct(type.name, {});
  for (const [name, column] of Object.entries(type.columns))
    Object.defineProperty(object, name, { enumerable: true, get: () => column.value(row) });
  for (const [name, method] of Object.entries(type.methods ?? {}))
    Object.defineProperty(object, name, { value: (argument: string) => method.value(row, argument) });
  Object.defineProperty(object, "toJSON", { value: () => JSON.parse(rowJson(type, row)) });
  return object;
}

function headerRow<T>(type: ListType<T>): object {
  const object = goStruct(type.name, {});
  for (const [name, column] of Object.entries(type.columns))
    Object.defineProperty(object, name, { enumerable: true, value: column.header });
  for (const [name, method] of Object.entries(type.methods ?? {}))
    Object.defineProperty(object, name, { value: (argument: string) => method.header(argument) });
  return object;
}
