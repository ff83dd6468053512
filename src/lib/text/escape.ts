// C0 and C1 controls, delete, and the characters that reorder or hide text on a terminal.
const harmful = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text from outside made harmless for a terminal: control and bidirectional characters become visible escapes
 * (`\x1b`, `\u202e`). Newlines and tabs too, unless `lines` is true.
 */
export function escapeForTerminal(text: string, { lines = false }: { lines?: boolean } = {}): string {
  return text.replace(harmful, (character) => {
    if (lines && (character === "\n" || character === "\t")) return character;
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
