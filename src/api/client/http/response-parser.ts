import { BerthError } from "../../../lib/index.ts";

/** Status line and header of one response; header names in lower case, the last of equal names wins. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** What the parser tells its connection. `head` answers whether raw bytes follow (an upgraded connection). */
export interface ParserEvents {
  head(head: ResponseHead): "http" | "raw";
  body(chunk: Buffer): void;
  end(): void;
}

const MAX_HEAD = 256 * 1024;
const MAX_CHUNK_LINE = 1024;

type State = "head" | "length" | "chunk-size" | "chunk-data" | "chunk-end" | "trailer" | "close" | "raw";

const corrupt = (what: string) => new BerthError("corrupt", `malformed HTTP response: ${what}`);

/**
 * An incremental parser of HTTP/1.1 responses (RFC 9112): Content-Length, chunked, until-close and upgraded bodies.
 * `feed` throws kind "corrupt" on anything else. One parser serves one connection, response after response.
 */
export class ResponseParser {
  #state: State = "head";
  #pending: Buffer | undefined;
  #remaining = 0;
  #bodiless = false;
  readonly #events: ParserEvents;

  constructor(events: ParserEvents) {
    this.#events = events;
  }

  /** Says that the next response has no body whatever its header claims (HEAD). */
  expectNoBody(): void {
    this.#bodiless = true;
  }

  /** The connection has ended. Returns whether that was a proper end of what was being read. */
  finish(): boolean {
    if (this.#state === "close" || this.#state === "raw") {
      this.#events.end();
      return true;
    }
    return this.#state === "head" && this.#pending === undefined;
  }

  feed(data: Buffer): void {
    let chunk = data;
    if (this.#pending !== undefined) {
      chunk = Buffer.concat([this.#pending, data]);
      this.#pending = undefined;
    }
    let offset = 0;
    while (offset < chunk.length) {
      const next = this.#step(chunk, offset);
      if (next < 0) {
        this.#pending = chunk.subarray(offset);
        return;
      }
      offset = next;
    }
  }

  /** Consumes one element at `offset`; gives the offset after it, or -1 where more bytes are needed. */
  #step(chunk: Buffer, offset: number): number {
    switch (this.#state) {
      case "head":
        return this.#head(chunk, offset);
      case "length":
      case "chunk-data":
        return this.#data(chunk, offset);
      case "chunk-size":
        return this.#chunkSize(chunk, offset);
      case "chunk-end":
      case "trailer":
        return this.#line(chunk, offset);
      case "close":
      case "raw":
        this.#events.body(offset === 0 ? chunk : chunk.subarray(offset));
        return chunk.length;
    }
  }

  #head(chunk: Buffer, offset: number): number {
    const end = chunk.indexOf("\r\n\r\n", offset, "latin1");
    if (end < 0) {
      if (chunk.length - offset > MAX_HEAD) throw corrupt("header too long");
      return -1;
    }
    const head = parseHead(chunk.toString("latin1", offset, end));
    const informational = head.status >= 100 && head.status < 200 && head.status !== 101;
    if (!informational) this.#begin(head);
    return end + 4;
  }

  #begin(head: ResponseHead): void {
    const bodiless = this.#bodiless || head.status === 204 || head.status === 304;
    this.#bodiless = false;
    if (this.#events.head(head) === "raw") this.#state = "raw";
    else if (bodiless) this.#end();
    else this.#chooseBody(head.headers);
  }

  #chooseBody(headers: ReadonlyMap<string, string>): void {
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") this.#state = "chunk-size";
    else if (headers.has("content-length")) {
      const text = headers.get("content-length") ?? "";
      if (!/^\d{1,15}$/.test(text)) throw corrupt(`Content-Length ${JSON.stringify(text)}`);
      this.#remaining = Number(text);
      this.#state = "length";
      if (this.#remaining === 0) this.#end();
    } else this.#state = "close";
  }

  #end(): void {
    this.#state = "head";
    this.#events.end();
  }

  #data(chunk: Buffer, offset: number): number {
    const take = Math.min(this.#remaining, chunk.length - offset);
    this.#remaining -= take;
    this.#events.body(chunk.subarray(offset, offset + take));
    if (this.#remaining === 0) {
      if (this.#state === "length") this.#end();
      else this.#state = "chunk-end";
    }
    return offset + take;
  }

  #chunkSize(chunk: Buffer, offset: number): number {
    const end = lineEnd(chunk, offset);
    if (end < 0) return -1;
    const text = chunk.toString("latin1", offset, end).split(";", 1)[0]?.trim() ?? "";
    if (!/^[0-9a-fA-F]{1,12}$/.test(text)) throw corrupt(`chunk size ${JSON.stringify(text.slice(0, 20))}`);
    this.#remaining = Number.parseInt(text, 16);
    this.#state = this.#remaining === 0 ? "trailer" : "chunk-data";
    return end + 2;
  }

  #line(chunk: Buffer, offset: number): number {
    const end = lineEnd(chunk, offset);
    if (end < 0) return -1;
    if (this.#state === "chunk-end") {
      if (end !== offset) throw corrupt("chunk longer than its size");
      this.#state = "chunk-size";
    } else if (end === offset) this.#end();
    return end + 2;
  }
}

function lineEnd(chunk: Buffer, offset: number): number {
  const end = chunk.indexOf("\r\n", offset, "latin1");
  if (end < 0 && chunk.length - offset > MAX_CHUNK_LINE) throw corrupt("line too long");
  return end;
}

function parseHead(text: string): ResponseHead {
  const lines = text.split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0] ?? "");
  if (match === null) throw corrupt(JSON.stringify((lines[0] ?? "").slice(0, 60)));
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw corrupt(`header ${JSON.stringify(line.slice(0, 60))}`);
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(match[1]), headers };
}
