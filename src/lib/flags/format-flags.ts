import { goQuote } from "../text/go-quote.ts";
import type { Flag, Flags } from "./flag.ts";

const orphanRoom = 5;
const narrowest = 24;

/**
 * The flags' part of a help text, sorted by name, in pflag's layout: `  -x, --name type   usage (default …)`. With
 * `width`, usage is wrapped to fewer columns than that (Docker passes the terminal's less one). Each line ends with a newline.
 */
export function formatFlags(flags: Flags, { width }: { width?: number } = {}): string {
  const lines = Object.entries(flags)
    .filter(([, flag]) => flag.hidden !== true && flag.deprecated === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({ left: leftPart(name, flag), right: flag.usage + defaultPart(flag) }));
  const indent = Math.max(0, ...lines.map(({ left }) => left.length)) + 3;
  return lines.map(({ left, right }) => `${left.padEnd(indent)}${wrap(right, indent, width)}\n`).join("");
}

function leftPart(name: string, flag: Flag<unknown>): string {
  const short = flag.short === undefined || flag.shortDeprecated !== undefined ? "    " : `-${flag.short}, `;
  const type = flag.type === "bool" ? "" : ` ${flag.type}`;
  const optional = flag.noOptDefault === undefined || flag.type === "bool" ? "" : `[=${goQuote(flag.noOptDefault)}]`;
  return `  ${short}--${name}${type}${optional}`;
}

function defaultPart(flag: Flag<unknown>): string {
  if (flag.defaultText !== undefined) return flag.defaultText === "" ? "" : ` (default ${flag.defaultText})`;
  const value = flag.default;
  if (typeof value === "string" && value !== "") return ` (default ${goQuote(value)})`;
  if ((typeof value === "number" && value !== 0) || value === true) return ` (default ${String(value)})`;
  return "";
}

function wrap(text: string, indent: number, width: number | undefined): string {
  const newline = `\n${" ".repeat(indent)}`;
  if (width === undefined || width - indent < narrowest) return text.replaceAll("\n", newline);
  const room = width - indent - orphanRoom;
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let rest = paragraph;
    // A line may go into the orphan room where that takes in all that is left.
    while (rest.length >= room + orphanRoom) {
      const space = rest.lastIndexOf(" ", room - 1);
      if (space <= 0) break;
      lines.push(rest.slice(0, space));
      rest = rest.slice(space + 1);
    }
    lines.push(rest);
  }
  return lines.join(newline);
}
