import { formatFlags } from "../../lib/flags/index.ts";
import type { AnyCommand } from "./command.ts";

/** The usage line of a command. `path` is the full name with the program: "berth container ls". */
export const usageLine = (path: string, command: AnyCommand) =>
  `Usage:  ${path}${command.usage === "" ? "" : ` ${command.usage}`}`;

/** The whole help text of a command, in Docker's layout. */
export function commandHelp(options: {
  program: string;
  path: string;
  summary: string;
  command: AnyCommand;
  width: number;
}) {
  const { program, path, summary, command, width } = options;
  const parts = [`${usageLine(path, command)}\n\n${summary}\n`];
  if (command.aliases !== undefined) {
    parts.push(`Aliases:\n  ${command.aliases.map((alias) => `${program} ${alias}`).join(", ")}\n`);
  }
  if (command.examples !== undefined) parts.push(`Examples:\n${command.examples}\n`);
  const flags = formatFlags(command.flags, { width: width - 1 });
  if (flags !== "") parts.push(`Options:\n${flags}`);
  return parts.join("\n");
}

/** Columns of the terminal on standard input or output; 80 without one. */
export function helpWidth(): number {
  const { columns } = process.stdout.isTTY ? process.stdout : { columns: 80 };
  return columns > 20 ? columns : 80;
}
