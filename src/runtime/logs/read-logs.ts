import { Readable } from "node:stream";
import { Joiner } from "./joiner.ts";
import { closeLogFiles, type LogFile, nextLogFile, openLogFiles } from "./log-files.ts";
import { type LogEnd, watchLog } from "./log-watch.ts";
import type { ReadLogsOptions } from "./options.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { createRecordReader } from "./record-reader.ts";
import { createSelection } from "./selection.ts";
import { findTail } from "./tail.ts";

const highWaterMark = 256 * 1024;

/**
 * The log as bytes for the wire, of all files from the oldest to the current one. Reads only as fast as it is read from;
 * a following reader survives rotation. It ends at the end of the log or, following, when `ended` settles and
 * everything was read. Aborting the signal ends it early, without an error.
 */
export function readLogs(options: ReadLogsOptions, signal?: AbortSignal): Readable {
  const stop = new AbortController();
  const abort = () => stop.abort();
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const output = Readable.from(messages(options, stop.signal), { objectMode: false, highWaterMark });
  const destroy = output._destroy.bind(output);
  output._destroy = (error, callback) => {
    // Before Node waits for the generator, which may be waiting for the log to change.
    signal?.removeEventListener("abort", abort);
    abort();
    destroy(error, callback);
  };
  return output;
}

async function* messages(options: ReadLogsOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { follow, ended, tail } = options;
  const running = ended !== undefined;
  const files = openLogFiles(options.path);
  try {
    const from = tail === undefined ? { file: 0, offset: 0, skip: 0 } : await findTail(files, tail, !running);
    const reader = createReader(options, from.skip, signal);
    for (const [index, file] of files.entries()) {
      if (index < from.file) continue;
      // A process that writes faster than we read must not keep a reader that does not follow for ever.
      const limit = follow ? {} : { limit: file.size };
      yield* reader.read(file, { from: index === from.file ? from.offset : 0, ...limit });
    }
    if (follow && running) yield* followLog(options, reader, files, signal);
    if (!running) yield* reader.finish();
  } finally {
    closeLogFiles(files);
  }
}

interface Reader {
  /** Output of what a file holds; without `from` it goes on where the last call ended. */
  read(file: LogFile, range?: { from?: number; limit?: number }): AsyncGenerator<Buffer>;
  /** The text that no newline ended. */
  finish(): Generator<Buffer>;
  /** Nothing more is wanted. */
  readonly over: boolean;
}

function createReader(options: ReadLogsOptions, skip: number, signal: AbortSignal): Reader {
  const selection = createSelection(options, skip);
  const output = new OutputBuffer({
    framed: !options.tty,
    timestamps: options.timestamps,
    prefix: Buffer.from(options.prefix ?? ""),
  });
  const joiner = new Joiner((stream, times, time, text, start, end, newline) => {
    if (selection.accepts(stream, times, time)) output.add(stream, times, time, text, start, end, newline);
  });
  const records = createRecordReader();
  const over = () => selection.over || signal.aborted;
  return {
    async *read(file, range = {}) {
      if (over()) return;
      for await (const _ of records.read(file, joiner, range)) {
        yield* output.take();
        if (over()) return;
      }
    },
    *finish() {
      if (!over()) joiner.finish();
      yield* output.take();
    },
    get over() {
      return over();
    },
  };
}

/** Goes on after the end of what there was. `files` is what is open; its last one is the current one. */
async function* followLog(
  options: ReadLogsOptions,
  reader: Reader,
  files: LogFile[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const watch = watchLog(options, signal);
  try {
    for (;;) {
      // First whether it is over, then what there is: nothing is written after the end.
      const end: LogEnd | undefined = watch.end();
      yield* readOn(options.path, reader, files);
      if (end === "finished") yield* reader.finish();
      if (end !== undefined || reader.over) return;
      await watch.changed();
    }
  } finally {
    watch.close();
  }
}

/** Everything up to the present end of the log, over as many files as were begun meanwhile. */
async function* readOn(path: string, reader: Reader, files: LogFile[]): AsyncGenerator<Buffer> {
  for (;;) {
    const current = files.at(-1);
    // Once there is a next file the current one is complete, so it is read after looking and not before.
    const next = nextLogFile(path, current);
    if (current !== undefined) yield* reader.read(current);
    if (next === undefined) return;
    closeLogFiles(files.splice(0));
    files.push(next);
    yield* reader.read(next, { from: 0 });
  }
}
