import type { RunInstruction } from "../dockerfile/index.ts";

/** The script of a RUN: what the shell is given, with heredocs; the words of an exec form joined. */
export function scriptOf({ command }: Pick<RunInstruction, "command">): string {
  return [command.words.join(" "), ...command.heredocs.map(({ content }) => content)].join("\n");
}

/** The simple commands of a script, as far as they can be told without running it. */
export function simpleCommands(script: string): string[] {
  return script
    .split(/&&|\|\||[;\n|]/)
    .map((command) => command.trim().replace(/^(?:sudo\s+|env\s+)?(?:[A-Za-z_]\w*=\S*\s+)*/, ""))
    .filter((command) => command !== "");
}

export type PackageManager = "apt" | "apk" | "dnf" | "pip";

const INSTALLS: readonly (readonly [PackageManager, RegExp])[] = [
  ["apt", /^(?:apt-get|apt|aptitude)\s(?:.*\s)?install\b/],
  ["apk", /^apk\s(?:.*\s)?add\b/],
  ["dnf", /^(?:dnf|yum|microdnf)\s(?:.*\s)?install\b/],
  ["pip", /^(?:python3?\s+-m\s+)?pip3?\s(?:.*\s)?install\b/],
];

export interface PackageInstall {
  readonly manager: PackageManager;
  readonly command: string;
  /** Words of the command that are no options. */
  readonly packages: readonly string[];
}

/** The package installations of a script. */
export function packageInstalls(script: string): PackageInstall[] {
  return simpleCommands(script).flatMap((command) => {
    const found = INSTALLS.find(([, pattern]) => pattern.test(command));
    if (found === undefined) return [];
    const words = command.split(/\s+/);
    const verb = words.findIndex((word) => word === "install" || word === "add");
    return [{ manager: found[0], command, packages: words.slice(verb + 1).filter((word) => !word.startsWith("-")) }];
  });
}

/** Whether the script removes, with -r, something whose name holds the text. */
export function removes(script: string, text: string): boolean {
  return simpleCommands(script).some((command) => {
    const words = command.split(/\s+/);
    if (words[0] !== "rm" || !words.some((word) => word.startsWith("-") && /r/i.test(word))) return false;
    return words.some((word) => word.includes(text));
  });
}
