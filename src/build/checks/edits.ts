import type { Dockerfile, Location } from "../dockerfile/index.ts";
import type { TextEdit } from "./finding.ts";

/** Replaces a word of an instruction where it stands, first found first; undefined when it is not there as written. */
export function replaceWord(
  { lines }: Pick<Dockerfile, "lines">,
  location: Location,
  word: string,
  text: string,
): readonly TextEdit[] | undefined {
  for (let line = location.startLine; line <= location.endLine; line++) {
    const source = lines[line - 1] ?? "";
    for (let at = source.indexOf(word); at >= 0; at = source.indexOf(word, at + 1)) {
      const [before, after] = [source.charAt(at - 1), source.charAt(at + word.length)];
      if (/\S/.test(before) || /\S/.test(after)) continue;
      return [{ line, column: at + 1, endLine: line, endColumn: at + 1 + word.length, text }];
    }
  }
  return undefined;
}

export const removeLine = (line: number): readonly TextEdit[] => [
  { line, column: 1, endLine: line + 1, endColumn: 1, text: "" },
];
