import { invalid } from "../../../lib/index.ts";

/** Gives a file's new permissions: from those that it has, and whether it is a directory. */
export type ModeChange = (mode: number, directory: boolean) => number;

const WHO: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const PERMISSIONS: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** COPY's --chmod: octal, or chmod(1)'s symbols ("u=rwX,go-w"). Throws "invalid" in BuildKit's words. */
export function parseChmod(text: string): ModeChange {
  if (/^[0-7]{1,6}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= 0o7777) return () => mode;
  }
  const clauses = text.split(",").map(parseClause);
  if (clauses.some((clause) => clause === undefined))
    throw invalid(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`);
  return (mode, directory) =>
    (clauses as ModeChange[]).reduce((current, clause) => clause(current, directory), mode & 0o7777);
}

function parseClause(text: string): ModeChange | undefined {
  const match = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(text);
  if (match === null) return undefined;
  const [, who = "", actions = ""] = match;
  const mask = [...(who === "" ? "a" : who)].reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  const steps = [...actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)];
  return (mode, directory) =>
    steps.reduce((current, [, operator = "", letters = ""]) => {
      const bits = bitsOf(letters, current, directory) & mask;
      if (operator === "-") return current & ~bits;
      if (operator === "+") return current | bits;
      // Of a directory, chmod leaves set-user-id and set-group-id alone unless they are named.
      const kept = directory ? current & 0o6000 : 0;
      return (current & ~(mask & 0o777) & (letters.includes("s") ? 0o7777 : 0o1777 | kept)) | bits;
    }, mode);
}

function bitsOf(letters: string, mode: number, directory: boolean): number {
  const copied = { u: (mode >> 6) & 7, g: (mode >> 3) & 7, o: mode & 7 }[letters];
  if (copied !== undefined) return copied * 0o111;
  return [...letters].reduce((bits, letter) => {
    if (letter === "X") return directory || (mode & 0o111) !== 0 ? bits | 0o111 : bits;
    return bits | (PERMISSIONS[letter] ?? 0);
  }, 0);
}
