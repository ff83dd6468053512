import { Readable } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { type Compression, createGunzip } from "../../lib/compress/index.ts";
import { BerthError, kindOf } from "../../lib/index.ts";
import { unzstd } from "../../system/index.ts";
import { createSpool, type SpoolLimits } from "./spool-files.ts";

const port = parentPort;
const { folder, compression, limits } = workerData as {
  folder: string;
  compression: Compression;
  limits: SpoolLimits;
};

async function* incoming(): AsyncGenerator<Buffer> {
  const chunks: (Uint8Array<ArrayBuffer> | null)[] = [];
  let wake: (() => void) | undefined;
  port?.on("message", (chunk: Uint8Array<ArrayBuffer> | null) => {
    chunks.push(chunk);
    wake?.();
  });
  for (;;) {
    const chunk = chunks.shift();
    if (chunk === null) return;
    if (chunk === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    yield Buffer.from(chunk.buffer);
    port?.postMessage({ taken: chunk.length });
  }
}

function plain(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (compression === "zstd") return unzstd(source);
  if (compression !== "gzip") return source;
  const gunzip = createGunzip();
  const input = Readable.from(source);
  input.on("error", (error) => gunzip.destroy(error));
  return input.pipe(gunzip);
}

async function run(): Promise<void> {
  const spool = createSpool(folder, limits);
  for await (const chunk of plain(incoming())) spool.write(chunk);
  port?.postMessage({ entries: spool.end() });
}

run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const broken = /^Z_|ERR_/.test((error as { code?: string }).code ?? "");
  const kind = error instanceof BerthError ? error.kind : broken ? "invalid" : kindOf(error);
  port?.postMessage({ failure: { kind, message: broken ? `invalid gzip data: ${message}` : message } });
});
