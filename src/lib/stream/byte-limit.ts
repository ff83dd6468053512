import { Transform } from "node:stream";
import { BerthError } from "../errors.ts";

/** Passes bytes on, and fails with kind "exhausted" once more than `limit` came. `what` names the thing in the error. */
export function byteLimit(limit: number, what = "input"): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > limit) done(new BerthError("exhausted", `${what} is larger than ${limit} bytes`));
      else done(null, chunk);
    },
  });
}
