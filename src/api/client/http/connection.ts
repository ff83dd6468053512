import { BerthError } from "../../../lib/index.ts";
import type { Wire } from "../wire.ts";
import { ResponseBody } from "./response-body.ts";
import { type ResponseHead, ResponseParser } from "./response-parser.ts";

/** A response whose header has come. `body` is still to be read. */
export interface HttpResponse extends ResponseHead {
  readonly body: ResponseBody;
  /** Set where the server switched protocols: the bytes of `body` are raw, and this is their other direction. */
  readonly upgraded: RawWriter | undefined;
}

/** The writing direction of a switched connection. */
export interface RawWriter {
  /** False where the writer should wait for `drained`. */
  write(data: Uint8Array): boolean;
  drained(): Promise<void>;
  /** Half-closes: the other side sees the end of input. */
  end(): void;
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
  readonly #wire: Wire;
  #onDrain: (() => void)[] = [];
  readonly #parser: ResponseParser;
  readonly #onIdle: (connection: Connection) => void;
  readonly #onClose: (connection: Connection) => void;

  constructor(wire: Wire, onIdle: (c: Connection) => void, onClose: (c: Connection) => void) {
    this.#wire = wire;
    this.#onIdle = onIdle;
    this.#onClose = onClose;
    this.#parser = new ResponseParser({
      head: (head) => this.#head(head),
      body: (chunk) => this.#exchange?.body?.push(chunk),
      end: () => this.#done(),
    });
    wire.listen({
      data: (chunk) => this.#data(chunk),
      drain: () => this.#drain(),
      end: (error) => (error === undefined ? this.#ended() : this.#broken(error)),
    });
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
    this.#wire.destroy();
  }

  #write(request: WireRequest): void {
    const { body } = request;
    let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(request.headers)) head += `${name}: ${value}\r\n`;
    if (typeof body === "string") {
      this.#wire.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    } else if (body === undefined) {
      const empty = request.method === "POST" || request.method === "PUT" ? "Content-Length: 0\r\n" : "";
      this.#wire.write(`${head}${empty}\r\n`);
    } else {
      this.#wire.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      this.#uploading = true;
      this.#writeChunks(body).catch((error: Error) => this.#broken(error));
    }
  }

  async #writeChunks(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (!this.#open) return;
      if (chunk.length === 0) continue;
      this.#wire.write(`${chunk.length.toString(16)}\r\n`);
      this.#wire.write(chunk);
      if (!this.#wire.write("\r\n")) await this.#drained();
    }
    this.#wire.write("0\r\n\r\n");
    this.#uploading = false;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => void this.#onDrain.push(resolve));
  }

  #drain(): void {
    for (const resolve of this.#onDrain.splice(0)) resolve();
  }

  #head(head: ResponseHead): "http" | "raw" {
    const exchange = this.#exchange;
    if (exchange === undefined) throw new BerthError("corrupt", "the server sent a response that nobody asked for");
    const raw = exchange.request.upgrade === true && (head.status === 101 || head.status === 200);
    exchange.body = new ResponseBody({
      pause: () => this.#wire.pause(),
      resume: () => this.#wire.resume(),
      destroy: () => this.close(),
    });
    exchange.resolve({ ...head, body: exchange.body, upgraded: raw ? this.#rawWriter() : undefined });
    if (!raw && head.headers.get("connection")?.toLowerCase() === "close") this.#open = false;
    return raw ? "raw" : "http";
  }

  #rawWriter(): RawWriter {
    return { write: (data) => this.#wire.write(data), drained: () => this.#drained(), end: () => this.#wire.end() };
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
    else this.#wire.destroy();
    body?.end();
  }

  #ended(): void {
    this.#open = false;
    this.#drain();
    if (this.#parser.finish()) this.#onClose(this);
    else this.#broken(new BerthError("unavailable", "unexpected EOF"));
  }

  #broken(error: Error): void {
    this.#open = false;
    this.#drain();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange?.body === undefined) exchange?.reject(error);
    else exchange.body.end(error);
    this.#onClose(this);
    this.#wire.destroy();
  }
}
