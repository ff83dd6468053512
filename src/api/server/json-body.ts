import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { invalid } from "../../lib/index.ts";
import { ExchangeError } from "./status.ts";

/** Enough for any create body with a seccomp profile in it; parsing as much takes a few milliseconds. */
export const JSON_LIMIT = 4 * 1024 * 1024;
/** A client that sends its JSON slower than this is cut off. */
const BODY_TIMEOUT_MS = 60_000;

/** All bytes of a body. Fails with 413 past `limit`, with 408 after a minute, "invalid" where the client hung up. */
export function readBody(body: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (settle: () => void) => {
      clearTimeout(timer);
      body.off("data", onData).off("end", onEnd).off("error", onError).off("close", onError);
      settle();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        body.pause();
        done(() => reject(new ExchangeError(413, `request body is larger than ${limit} bytes`)));
      }
    };
    const onEnd = () => done(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const onError = () => done(() => reject(invalid("the request body ended early")));
    const onLate = () => done(() => reject(new ExchangeError(408, "the request body took too long")));
    const timer = setTimeout(onLate, BODY_TIMEOUT_MS);
    body.on("data", onData).on("end", onEnd).on("error", onError).on("close", onError);
  });
}

/**
 * The content-type rule of JSON endpoints: none is needed without a body, otherwise it is application/json.
 * Fails "invalid" with Docker's text.
 */
export function checkJsonType(headers: IncomingHttpHeaders): void {
  const type = headers["content-type"] ?? "";
  const chunked = headers["transfer-encoding"] !== undefined;
  const empty = !chunked && (headers["content-length"] ?? "0") === "0";
  if (type === "" && empty) return;
  if (type === "") throw invalid("malformed Content-Type header (): mime: no media type");
  const media = (type.split(";")[0] ?? "").trim().toLowerCase();
  if (media !== "application/json")
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
}

/** A JSON body; undefined where there is none. Fails "invalid" with Docker's texts, 413 past JSON_LIMIT. */
export async function readJson(body: Readable, headers: IncomingHttpHeaders): Promise<unknown> {
  checkJsonType(headers);
  if (headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0") return undefined;
  return parseJson(await readBody(body, JSON_LIMIT));
}

/** Parses one JSON value. Fails "invalid" with Docker's texts. */
export function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  if (text.trim() === "") throw invalid("invalid JSON: got EOF while reading request body");
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(syntaxProblem(error as Error, text));
  }
}

function syntaxProblem(error: Error, text: string): string {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  const at = position === undefined ? undefined : Number(position);
  if (/end of JSON|Unterminated/.test(error.message) || (at !== undefined && at >= text.length))
    return "invalid JSON: unexpected EOF";
  if (error.message.includes("after JSON")) return "unexpected content after JSON";
  const token = at === undefined ? /Unexpected token '(.+?)',/su.exec(error.message)?.[1] : text[at];
  if (token === undefined) return "invalid JSON: malformed value";
  return `invalid JSON: invalid character ${JSON.stringify(token)}${at === undefined ? "" : ` at offset ${at}`}`;
}
