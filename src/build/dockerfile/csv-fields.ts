import { Complaint } from "./dockerfile-error.ts";

/** The fields of one line of comma separated values (RFC 4180). Throws Complaint at a stray or missing quote. */
export function csvFields(line: string, what: string): string[] {
  const fields: string[] = [];
  let at = 0;
  do {
    const { field, end } = line.charAt(at) === '"' ? quotedField(line, at, what) : bareField(line, at, what);
    fields.push(field);
    at = end + 1;
  } while (at <= line.length);
  return fields;
}

function bareField(line: string, start: number, what: string): { field: string; end: number } {
  const comma = line.indexOf(",", start);
  const end = comma < 0 ? line.length : comma;
  const field = line.slice(start, end);
  if (field.includes('"')) throw broken(what, 'bare " in non-quoted field');
  return { field, end };
}

function quotedField(line: string, start: number, what: string): { field: string; end: number } {
  let field = "";
  for (let at = start + 1; at < line.length; at++) {
    if (line.charAt(at) !== '"') field += line.charAt(at);
    else if (line.charAt(at + 1) === '"') field += line.charAt(++at);
    else if (at + 1 === line.length || line.charAt(at + 1) === ",") return { field, end: at + 1 };
    else break;
  }
  throw broken(what, 'extraneous or missing " in quoted-field');
}

const broken = (what: string, reason: string) => new Complaint(`failed to parse csv ${what}: ${reason}`);
