import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../core/context.ts";
import type { BuildOutput } from "./outputs.ts";

/** Takes the archive of one output as it comes. */
export interface OutputSink {
  write(chunk: Buffer): void;
  /** All of it has come. */
  finish(): void;
  /** Gives up what is not complete. */
  abort(): void;
}

/** Where an output's archive goes on this machine: a folder, a file that appears when it is complete, or stdout. */
export async function openOutput(context: Context, { type, destination = "-" }: BuildOutput): Promise<OutputSink> {
  if (destination === "-")
    return { write: (chunk) => context.out.write(chunk), finish: () => undefined, abort: () => undefined };
  return type === "local" ? folderSink(context, destination) : fileSink(destination);
}

async function folderSink(context: Context, folder: string): Promise<OutputSink> {
  const { LocalWriter } = await import("../copy/extract.ts");
  mkdirSync(folder, { recursive: true });
  const writer = new LocalWriter({ folder }, (text) => context.err.write(`${text}\n`));
  return {
    write: (chunk) => writer.write(chunk),
    finish: () => {
      writer.finish();
      writer.close();
    },
    abort: () => writer.close(),
  };
}

function fileSink(path: string): OutputSink {
  const partial = join(dirname(path), `.tmp-${basename(path)}${process.pid}`);
  const file = openSync(partial, "wx", 0o644);
  return {
    write: (chunk) => {
      for (let offset = 0; offset < chunk.length; ) offset += writeSync(file, chunk, offset);
    },
    finish: () => {
      closeSync(file);
      renameSync(partial, path);
    },
    abort: () => {
      closeSync(file);
      rmSync(partial, { force: true });
    },
  };
}
