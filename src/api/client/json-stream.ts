import { BerthError } from "../../lib/index.ts";
import type { HttpResponse } from "./http/connection.ts";

const MAX_LINE = 16 * 1024 * 1024;

/**
 * Calls `each` with every line of a response's body that is not blank. Resolves at its end; a line beyond 16 MB is kind
 * "exhausted".
 */
export async function readLines(response: HttpResponse, each: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  const line = (text: string) => {
    const trimmed = text.trim();
    if (trimmed !== "") each(trimmed);
  };
  await response.body.each((chunk) => {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
      line(rest.slice(start, end));
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > MAX_LINE) throw new BerthError("exhausted", "a message of the stream is too long");
    return undefined;
  });
  line(rest);
}

/** As readLines, for a stream of JSON documents, one a line. Kind "corrupt" for what is not JSON. */
export function readJsonStream<T>(response: HttpResponse, each: (message: T) => void): Promise<void> {
  return readLines(response, (line) => each(parse<T>(line)));
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new BerthError("corrupt", "the daemon sent a message that is not JSON", { cause });
  }
}
