/** Bytes of a check's output that are kept; Docker keeps as many. */
const LIMIT = 4096;

/** Collects the beginning of a check's output; what follows is dropped. */
export interface ProbeOutput {
  add(chunk: Uint8Array): void;
  text(): string;
}

export function createProbeOutput(): ProbeOutput {
  const chunks: Buffer[] = [];
  let kept = 0;
  let cut = false;
  return {
    add(chunk) {
      const part = chunk.subarray(0, LIMIT - kept);
      if (part.length < chunk.length) cut = true;
      if (part.length === 0) return;
      kept += part.length;
      // A copy: a view would hold the whole chunk in memory.
      chunks.push(Buffer.from(part));
    },
    text: () => `${Buffer.concat(chunks).toString("utf8")}${cut ? "..." : ""}`,
  };
}
