import { closeSync, openSync, readSync, statSync } from "node:fs";
import { failure } from "./fail.ts";
import { parseFields } from "./fields.ts";

/** A secret as it is sent: its bytes in base64. */
export interface SentSecret {
  readonly id: string;
  readonly data: string;
}

/** BuildKit's own limit. */
const MAX_BYTES = 500 * 1024;

/**
 * `--secret id=ID[,src=FILE|,env=NAME]`: read now, from the file or the variable; without either from the variable, or
 * else the file, of the secret's name. A file beyond 500 kB is refused.
 */
export function readSecret(text: string, env: NodeJS.ProcessEnv): SentSecret {
  let id = "";
  let type = "";
  let file = "";
  let variable = "";
  for (const [key, value] of parseFields(text, (part) => `invalid field '${part}' must be a key=value pair`)) {
    if (key === "type") type = checkedType(value);
    else if (key === "id") id = value;
    else if (key === "source" || key === "src") file = value;
    else if (key === "env") variable = value;
    else throw failure(`unexpected key '${key}' in '${key}=${value}'`);
  }
  if (id === "") throw failure("secret missing ID");
  if (type === "env" && file !== "" && variable === "") [variable, file] = [file, ""];
  if (variable === "" && file === "") {
    if (type !== "file" && env[id] !== undefined) variable = id;
    else file = id;
  }
  if (variable !== "") return { id, data: encode(id, Buffer.from(env[variable] ?? "")) };
  return { id, data: encode(id, readFile(file)) };
}

function checkedType(type: string): string {
  if (type !== "file" && type !== "env") throw failure(`unsupported secret type ${JSON.stringify(type)}`);
  return type;
}

function encode(id: string, bytes: Buffer): string {
  if (bytes.length > MAX_BYTES) throw failure(`invalid secret ${id}: size ${bytes.length} exceeds the limit of 500 kB`);
  return bytes.toString("base64");
}

function readFile(path: string): Buffer {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw failure(`failed to stat ${path}: stat ${path}: no such file or directory`);
  if (stat.isDirectory()) throw failure(`failed to read ${path}: read ${path}: is a directory`);
  const fd = openSync(path, "r");
  try {
    // One byte more than is allowed; a pipe or a process's file tells no size.
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count)
      count = readSync(fd, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
