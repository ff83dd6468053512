import type { CommandLine, Healthcheck } from "../dockerfile/index.ts";

/** What Go prints for a string with %q, as far as Dockerfiles have it. */
export const quoted = (text: string) => JSON.stringify(text);

/** Go's `%q` of a list of strings: `["a" "b"]`. */
export const quotedList = (items: readonly string[]) => `[${items.map(quoted).join(" ")}]`;

/** `RUN |2 A=1 B= /bin/sh -c true # buildkit`: arguments of the build stand in front of the command. */
export function runText(args: readonly string[], buildArgs: readonly { key: string; value: string | undefined }[]) {
  const front =
    buildArgs.length === 0
      ? []
      : [`|${buildArgs.length}`, ...buildArgs.map(({ key, value }) => `${key}=${value ?? ""}`)];
  return `RUN ${[...front, ...args].join(" ")} # buildkit`;
}

export interface CopyText {
  readonly keyword: "COPY" | "ADD";
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly sources: readonly string[];
  readonly inlineNames: readonly string[];
  readonly destination: string;
}

/** `COPY --chown=1:2 a b dir/ # buildkit`. */
export function copyText({ keyword, chown, chmod, sources, inlineNames, destination }: CopyText): string {
  const flags = [
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
  ];
  const words = [keyword, ...flags, ...inlineNames.map((name) => `<<${name}`), ...sources, destination];
  return `${words.join(" ")} # buildkit`;
}

/** Go's `%v` of a health check, as BuildKit writes it: retries are printed as a character. */
export function healthText({ test, interval, timeout, startPeriod, startInterval, retries }: Healthcheck): string {
  const times = [interval, timeout, startPeriod, startInterval].map((ns) => quoted(goDuration(ns))).join(" ");
  return `HEALTHCHECK &{${quotedList(test)} ${times} ${character(retries)}}`;
}

function character(code: number): string {
  const escapes: Record<number, string> = { 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };
  if (code in escapes) return `'${escapes[code]}'`;
  if (code < 32 || code === 127) return `'\\x${code.toString(16).padStart(2, "0")}'`;
  if (code === 39 || code === 92) return `'\\${String.fromCharCode(code)}'`;
  return `'${String.fromCodePoint(Math.min(code, 0x10ffff))}'`;
}

/** Go's time.Duration as text: "1m30s", "1.5ms", "0s". */
function goDuration(ns: number): string {
  if (ns === 0) return "0s";
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < 1e9) return `${ns / 1e6}ms`;
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = (ns % 60e9) / 1e9;
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}

/** The command's summary that a step's name has behind a heredoc: its first line. */
export function heredocSummary(content: string): string {
  const [first = "", ...rest] = content.trim().split("\n");
  const line = first.trim().slice(0, 40);
  return rest.length > 0 || first.length > 40 ? `${line}...` : line;
}

export interface RunCommand {
  readonly args: readonly string[];
  readonly script: { readonly name: string; readonly data: string } | undefined;
  /** Behind the step's name. */
  readonly summary: string;
}

/** What a RUN executes: the shell with the command, the command itself, or a heredoc's script. */
export function runCommand({ shell, words, heredocs }: CommandLine, shellWords: readonly string[]): RunCommand {
  const [command = ""] = words;
  const [first] = heredocs;
  if (first === undefined) return { args: shell ? [...shellWords, ...words] : words, script: undefined, summary: "" };
  const summary = ` (${heredocSummary(first.content)})`;
  if (!/^\d*<<-?[^<\s]+$/.test(command.trim())) {
    const text = command + heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
    return { args: [...shellWords, text], script: undefined, summary };
  }
  if (!first.content.startsWith("#!")) return { args: [...shellWords, first.content], script: undefined, summary };
  const path = `/dev/pipes/${first.name}`;
  const line = first.content.slice(2, first.content.indexOf("\n")).trim();
  const gap = line.search(/[ \t]/);
  // The interpreter is named by us: the script lies where nothing may be executed.
  const interpreter = gap < 0 ? [line] : [line.slice(0, gap), line.slice(gap).trim()];
  return { args: [...interpreter, path], script: { name: first.name, data: first.content }, summary };
}
