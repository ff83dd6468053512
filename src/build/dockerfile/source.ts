import { DockerfileError } from "./dockerfile-error.ts";
import { LIMITS } from "./limits.ts";

/** A Dockerfile's text, cut into lines. */
export interface Source {
  readonly file: string;
  /** Without their line feeds and the carriage returns before them. */
  readonly lines: readonly string[];
  /** What ended the line of that index, from 0: `\n`, `\r\n` or nothing. */
  readonly endings: (index: number) => string;
}

/** Cuts a text into lines; a byte order mark is dropped. Throws DockerfileError beyond a limit or at a NUL. */
export function readSource(text: string | Uint8Array, file: string): Source {
  const size = typeof text === "string" ? Buffer.byteLength(text) : text.byteLength;
  const start = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };
  if (size > LIMITS.fileBytes)
    throw new DockerfileError(`dockerfile is larger than the limit of ${LIMITS.fileBytes} bytes`, {
      file,
      lines: [],
      location: start,
    });
  const decoded = typeof text === "string" ? text : new TextDecoder("utf-8", { ignoreBOM: true }).decode(text);
  const raw = (decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded).split("\n");
  const unended = raw.at(-1) === "";
  if (unended) raw.pop();
  const lines = raw.map((line) => line.replace(/\r+$/, ""));
  checkLines(lines, file);
  const endings = (index: number) =>
    (raw[index] ?? "").slice(lines[index]?.length ?? 0) + (index === raw.length - 1 && !unended ? "" : "\n");
  return { file, lines, endings };
}

function checkLines(lines: readonly string[], file: string): void {
  for (const [index, line] of lines.entries()) {
    const fail = (reason: string, column: number) => {
      const location = { startLine: index + 1, startColumn: column, endLine: index + 1, endColumn: column };
      throw new DockerfileError(reason, { file, lines, location });
    };
    if (line.length * 3 > LIMITS.lineBytes && Buffer.byteLength(line) > LIMITS.lineBytes)
      fail(`dockerfile line greater than max allowed size of ${LIMITS.lineBytes}`, 1);
    const nul = line.indexOf("\0");
    if (nul >= 0) fail("unexpected NUL byte: a Dockerfile is text", nul + 1);
  }
}
