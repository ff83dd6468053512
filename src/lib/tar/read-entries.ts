import { DEFAULT_TAR_LIMITS, type TarEntry, type TarLimits } from "./entry.ts";
import { TarParser } from "./parser.ts";

/** A member as it is read: its content can be taken once, before the next member is asked for. */
export interface TarMemberReader {
  entry: TarEntry;
  /** The content as a reader of the file sees it, holes as zeros. What is not taken is passed over. */
  content(): AsyncGenerator<Buffer>;
}

type Event = { entry: TarEntry } | { chunk: Buffer; offset: number } | "end";

/**
 * The members of an archive in order, with back-pressure: the source is read only as fast as they are taken. Errors as
 * TarParser's. The source is read to its end.
 */
export async function* readTar(
  source: AsyncIterable<Buffer>,
  limits: TarLimits = DEFAULT_TAR_LIMITS,
): AsyncGenerator<TarMemberReader> {
  const events = eventsOf(source, limits);
  for await (const event of events) {
    if (event === "end" || !("entry" in event)) continue;
    const body = new Body(events, event.entry);
    yield { entry: event.entry, content: () => body.read() };
    await body.drain();
  }
}

async function* eventsOf(source: AsyncIterable<Buffer>, limits: TarLimits): AsyncGenerator<Event, undefined> {
  let events: Event[] = [];
  const parser = new TarParser(
    {
      entry: (entry) => events.push({ entry }),
      data: (chunk, offset) => events.push({ chunk, offset }),
      end: () => events.push("end"),
    },
    limits,
  );
  for await (const chunk of source) {
    parser.write(chunk);
    yield* events;
    events = [];
  }
  parser.end();
}

const ZEROS = Buffer.alloc(64 * 1024);

class Body {
  readonly #events: AsyncGenerator<Event, undefined>;
  readonly #entry: TarEntry;
  #over = false;

  constructor(events: AsyncGenerator<Event, undefined>, entry: TarEntry) {
    this.#events = events;
    this.#entry = entry;
  }

  async *read(): AsyncGenerator<Buffer> {
    let at = 0;
    for (let event = await this.#next(); event !== undefined; event = await this.#next()) {
      yield* zeros(event.offset - at);
      yield event.chunk;
      at = event.offset + event.chunk.length;
    }
    yield* zeros(this.#entry.size - at);
  }

  async drain(): Promise<void> {
    while (!this.#over) await this.#next();
  }

  async #next(): Promise<{ chunk: Buffer; offset: number } | undefined> {
    if (this.#over) return undefined;
    const { value } = await this.#events.next();
    if (value !== undefined && value !== "end" && "chunk" in value) return value;
    this.#over = true;
    return undefined;
  }
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
