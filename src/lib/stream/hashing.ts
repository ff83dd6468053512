import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { BerthError } from "../errors.ts";

export interface HashingOptions {
  /** Name as node:crypto has it; sha256 unless given. */
  algorithm?: string;
  /** Hexadecimal text that the hash must have: otherwise the stream fails with kind "corrupt" in place of ending. */
  expected?: string;
  /** What is hashed, for the error. */
  what?: string;
}

/** A transform that passes bytes on and counts and hashes them; `result` is there once it has ended. */
export type HashingTransform = Transform & { readonly result: { hex: string; size: number } | undefined };

/** Hashes what passes through. It costs about 1 ms a megabyte of the thread that it runs in: large data belongs in a worker. */
export function hashing({ algorithm = "sha256", expected, what = "data" }: HashingOptions = {}): HashingTransform {
  const hash = createHash(algorithm);
  let size = 0;
  let result: { hex: string; size: number } | undefined;
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      result = { hex: hash.digest("hex"), size };
      if (expected === undefined || expected === result.hex) return done();
      done(new BerthError("corrupt", `${what} does not verify: it has ${algorithm} ${result.hex}, not ${expected}`));
    },
  });
  return Object.defineProperty(transform, "result", { get: () => result }) as HashingTransform;
}
