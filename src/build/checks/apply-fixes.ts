import type { Finding, TextEdit } from "./finding.ts";

export interface Fixed {
  readonly text: string;
  /** The findings whose fix is in the text. */
  readonly applied: readonly Finding[];
}

/** Applies the fixes of findings to the text that they were made for; of two that overlap the earlier one counts. */
export function applyFixes(text: string, findings: readonly Finding[]): Fixed {
  const starts = lineStarts(text);
  const applied: Finding[] = [];
  const taken: { from: number; to: number; text: string }[] = [];
  for (const finding of findings) {
    const edits = (finding.fix ?? []).map((edit) => rangeOf(edit, starts, text.length));
    if (edits.length === 0 || edits.some((edit) => taken.some(({ from, to }) => edit.from < to && from < edit.to)))
      continue;
    taken.push(...edits);
    applied.push(finding);
  }
  let out = text;
  for (const { from, to, text: replacement } of taken.sort((a, b) => b.from - a.from))
    out = out.slice(0, from) + replacement + out.slice(to);
  return { text: out, applied };
}

/** Offsets of the lines' first characters, behind a byte order mark. */
function lineStarts(text: string): number[] {
  const starts = [text.startsWith("\ufeff") ? 1 : 0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function rangeOf(edit: TextEdit, starts: readonly number[], length: number) {
  const offset = (line: number, column: number) => Math.min(length, (starts[line - 1] ?? length) + column - 1);
  return { from: offset(edit.line, edit.column), to: offset(edit.endLine, edit.endColumn), text: edit.text };
}
