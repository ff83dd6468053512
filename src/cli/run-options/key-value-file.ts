import { readFileSync } from "node:fs";
import { CliError } from "../core/cli-error.ts";
import { cut } from "../core/flag.ts";

const BOM = "\ufeff";

/**
 * Lines of an env or label file, by Docker's rules: blank lines and lines that begin with # are left out, leading white
 * space of a line too, a name alone takes `lookup`'s value or is dropped. Throws CliError with Docker's texts.
 */
export function readKeyValueFile(path: string, lookup: (name: string) => string | undefined): string[] {
  const bytes = readFileSync(path);
  const lines = bytes.toString("utf8").split("\n");
  const values: string[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = (index === 0 ? raw.replace(BOM, "") : raw).replace(/\r$/, "").replace(/^\s+/, "");
    if (line.includes("\ufffd") && !validUtf8(bytes))
      throw new CliError(
        `invalid env file (${path}): invalid utf8 bytes at line ${index + 1}: ${JSON.stringify(line)}`,
      );
    if (line === "" || line.startsWith("#")) continue;
    const value = readLine(path, line, lookup);
    if (value !== undefined) values.push(value);
  }
  return values;
}

function readLine(path: string, line: string, lookup: (name: string) => string | undefined): string | undefined {
  const [name, value] = cut(line, "=");
  if (name === "") throw new CliError(`invalid env file (${path}): no variable name on line '${line}'`);
  if (/\s/.test(name)) throw new CliError(`invalid env file (${path}): variable '${name}' contains whitespaces`);
  if (value !== undefined) return `${name}=${value}`;
  const found = lookup(name);
  return found === undefined ? undefined : `${name}=${found}`;
}

function validUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
