import type { Duplex } from "node:stream";
import { BerthError } from "../../../lib/index.ts";
import { ResponseBody } from "./response-body.ts";
import { type ResponseHead, ResponseParser } from "./response-parser.ts";

/** A response whose header has come. `body` is still to be read. */
export interface HttpResponse extends ResponseHead {
  readonly body: ResponseBody;
  /** Set where the server switched protocols: the bytes of `body` are raw, and this is their other direction. */
  readonly upgraded: Duplex | undefined;
}

export interface WireRequest {
  method: string;
  /** Path with query, already encoded. */
  path: string;
  headers: Record<string, string>;
  body?: string | AsyncIterable<Uint8Array>;
  /** Asks for a raw connection; then any success counts as switched, as dockerd of old answers 200. */
  upgrade?: boolean;
}

interface Exchange {
  readonly request: WireRequest;
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: Error) => void;
  body: ResponseBody | undefined;
}

/** One HTTP/1.1 connection, one request at a time. `onIdle` is called when it can take another. */
export class Connection {
  #exchange: Exchange | undefined;
  #open = true;
  #sentAny = false;
  #uploading = false;
  readonly #socket: Duplex;
  readonly #parser: ResponseParser;
  readonly #onIdle: (connection: Connection) => void;
  readonly #onClose: (connection: Connection) => void;

  constructor(socket: Duplex, onIdle: (c: Connection) => void, onClose: (c: Connection) => void) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    this.#onClose = onClose;
    this.#parser = new ResponseParser({
      head: (head) => this.#head(head),
      body: (chunk) => this.#exchange?.body?.push(chunk),
      end: () => this.#done(),
    });
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("error", (error: Error) => this.#broken(error));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#broken(new BerthError("unavailable", "unexpected EOF")));
  }

  get open(): boolean {
    return this.#open;
  }

  /** Whether it has carried a request before: a failure then may be the server closing an idle connection. */
  get reused(): boolean {
    return this.#sentAny;
  }

  send(request: WireRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      this.#exchange = { request, resolve, reject, body: undefined };
      this.#sentAny = true;
      if (request.method === "HEAD") this.#parser.expectNoBody();
      this.#write(request);
    });
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #write(request: WireRequest): void {
    const { body } = request;
    let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(request.headers)) head += `${name}: ${value}\r\n`;
    if (typeof body === "string") {
      this.#socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    } else if (body === undefined) {
      const empty = request.method === "POST" || request.method === "PUT" ? "Content-Length: 0\r\n" : "";
      this.#socket.write(`${head}${empty}\r\n`);
    } else {
      this.#socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      this.#uploading = true;
      this.#writeChunks(body).catch((error: Error) => this.#broken(error));
    }
  }

  async #writeChunks(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (!this.#open) return;
      if (chunk.length === 0) continue;
      this.#socket.write(`${chunk.length.toString(16)}\r\n`);
      this.#socket.write(chunk);
      if (!this.#socket.write("\r\n")) await this.#drained();
    }
    this.#socket.write("0\r\n\r\n");
    this.#uploading = false;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once("drain", resolve);
      this.#socket.once("close", resolve);
    });
  }

  #head(head: ResponseHead): "http" | "raw" {
    const exchange = this.#exchange;
    if (exchange === undefined) throw new BerthError("corrupt", "the server sent a response that nobody asked for");
    const raw = exchange.request.upgrade === true && (head.status === 101 || head.status === 200);
    exchange.body = new ResponseBody({
      pause: () => void this.#socket.pause(),
      resume: () => void this.#socket.resume(),
      destroy: () => this.close(),
    });
    exchange.resolve({ ...head, body: exchange.body, upgraded: raw ? this.#socket : undefined });
    if (!raw && head.headers.get("connection")?.toLowerCase() === "close") this.#open = false;
    return raw ? "raw" : "http";
  }

  #data(chunk: Buffer): void {
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      this.#broken(error as Error);
    }
  }

  #done(): void {
    const body = this.#exchange?.body;
    this.#exchange = undefined;
    if (this.#uploading) this.#open = false;
    if (this.#open) this.#onIdle(this);
    else this.#socket.destroy();
    body?.end();
  }

  #ended(): void {
    this.#open = false;
    if (this.#parser.finish()) this.#onClose(this);
    else this.#broken(new BerthError("unavailable", "unexpected EOF"));
  }

  #broken(error: Error): void {
    this.#open = false;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange?.body === undefined) exchange?.reject(error);
    else exchange.body.end(error);
    this.#onClose(this);
    this.#socket.destroy();
  }
}
