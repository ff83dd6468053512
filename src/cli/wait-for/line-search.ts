/** Longer lines are searched in their first part only. */
const MAX_LINE = 64 * 1024;

/** Searches a stream for a line; bytes of one stream only, cut anywhere. */
export interface LineSearch {
  /** Whether a line up to here matches. */
  add(chunk: Uint8Array): boolean;
  /** The stream is over: whether its last line matches, which has no end. */
  end(): boolean;
}

export function createLineSearch(pattern: RegExp): LineSearch {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    add(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = (lines.pop() ?? "").slice(0, MAX_LINE);
      return lines.some((line) => pattern.test(line.slice(0, MAX_LINE).replace(/\r$/, "")));
    },
    end: () => pattern.test(rest),
  };
}
