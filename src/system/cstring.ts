import { BerthError } from "../lib/index.ts";

/** A C string: the bytes and a closing NUL. Names need not be UTF-8. Throws "invalid" for a NUL inside. */
export function cstring(text: string | Uint8Array): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  const result = Buffer.alloc(bytes.length + 1);
  result.set(bytes);
  if (result.indexOf(0) !== bytes.length) {
    throw new BerthError("invalid", `a NUL byte in ${JSON.stringify(Buffer.from(bytes).toString())}`);
  }
  return result;
}
