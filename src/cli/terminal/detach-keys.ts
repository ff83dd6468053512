/** Names of the keys that are no letters, in Docker's spelling of a detach sequence, by their control code. */
const CONTROL_NAMES = ["@", ..."abcdefghijklmnopqrstuvwxyz", "[", "\\", "]", "^", "_"];

/** Docker's sequence where nobody chose another: ctrl-p, ctrl-q. */
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** "ctrl-p,ctrl-q" as bytes. Throws an Error with Docker's text. */
export function parseDetachKeys(text: string): number[] {
  return text.split(",").map((key) => {
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    const code = control === undefined ? -1 : CONTROL_NAMES.indexOf(control);
    if (code >= 0) return code;
    if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
    throw new Error(`Unknown character: '${key}'`);
  });
}

/** What a piece of typed input is made of: what to pass on, and whether the sequence ended in it. */
export interface Scanned {
  readonly pass: Buffer;
  readonly detached: boolean;
}

/**
 * Watches typed bytes for the detach sequence, which may be cut anywhere. Bytes of a sequence that was only begun are
 * passed on as soon as that is clear.
 */
export function detachScanner(keys: readonly number[]): (chunk: Buffer) => Scanned {
  let matched = 0;
  return (chunk) => {
    const pass: number[] = [];
    for (const byte of chunk) {
      if (keys.length > 0 && byte === keys[matched]) {
        matched++;
        if (matched === keys.length) return { pass: Buffer.from(pass), detached: true };
        continue;
      }
      pass.push(...keys.slice(0, matched));
      matched = 0;
      if (keys.length > 0 && byte === keys[0]) matched = 1;
      else pass.push(byte);
    }
    return { pass: Buffer.from(pass), detached: false };
  };
}
