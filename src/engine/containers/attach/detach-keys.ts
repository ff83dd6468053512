import { Transform } from "node:stream";
import { invalid } from "../../../lib/index.ts";

const DEFAULT = "ctrl-p,ctrl-q";

/** The bytes of a key sequence such as "ctrl-p,ctrl-q" or "a,b". Throws "invalid" with Docker's text. */
export function parseDetachKeys(text: string = DEFAULT): Buffer {
  const bytes = (text === "" ? DEFAULT : text).split(",").map((key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined) throw invalid(`Invalid detach keys (${text}) provided`);
    return control.toUpperCase().charCodeAt(0) & 0x1f;
  });
  return Buffer.from(bytes);
}

/**
 * Passes input on, and calls `onDetach` when the keys were typed one after the other; what was typed of a sequence that
 * turns out to be something else is passed on then.
 */
export function createDetachWatch(keys: Buffer, onDetach: () => void): Transform {
  let matched = 0;
  let over = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out: number[] = [];
      for (const byte of chunk) {
        if (over) break;
        if (byte === keys[matched]) matched++;
        else {
          out.push(...keys.subarray(0, matched));
          matched = byte === keys[0] ? 1 : 0;
          if (matched === 0) out.push(byte);
        }
        if (matched === keys.length) over = true;
      }
      if (out.length > 0) this.push(Buffer.from(out));
      done();
      if (over) onDetach();
    },
    flush(done) {
      if (!over && matched > 0) this.push(keys.subarray(0, matched));
      done();
    },
  });
}
