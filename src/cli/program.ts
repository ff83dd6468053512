import { formatFlags, type ParsedFlags, parseFlags, suggest } from "../lib/flags/index.ts";
import { BerthError } from "../lib/index.ts";
import { COMMANDS, COMMON, type Entry, findEntry, GROUPS, type Group, OUTSIDE } from "./catalog.ts";
import { CliError } from "./core/cli-error.ts";
import { clientVersion } from "./core/client-version.ts";
import type { AnyCommand, Arity } from "./core/command.ts";
import { Context, type Globals, type ProgramName } from "./core/context.ts";
import { errorText } from "./core/error-text.ts";
import * as flag from "./core/flag.ts";
import { commandHelp, helpWidth, usageLine } from "./core/help.ts";
import type { Output } from "./core/output.ts";
import { forTerminal } from "./format/for-terminal.ts";

const GLOBALS = {
  config: flag.string("Location of client config files"),
  context: flag.string(
    'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    { short: "c" },
  ),
  debug: flag.bool("Enable debug mode", { short: "D" }),
  host: flag.list("Daemon socket to connect to", { short: "H" }),
  "log-level": flag.string('Set the logging level ("debug", "info", "warn", "error", "fatal")', {
    short: "l",
    initial: "info",
  }),
  tls: flag.bool("Use TLS; implied by --tlsverify"),
  tlscacert: flag.string("Trust certs signed only by this CA"),
  tlscert: flag.string("Path to TLS certificate file"),
  tlskey: flag.string("Path to TLS key file"),
  tlsverify: flag.bool("Use TLS and verify the remote"),
  version: flag.bool("Print version information and quit", { short: "v" }),
};

/** What the program is given by its process. */
export interface Invocation {
  readonly program: ProgramName;
  readonly argv: readonly string[];
  readonly out: Output;
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs one command line and gives its exit code. Prints everything that there is to print. */
export async function runProgram(invocation: Invocation): Promise<number> {
  const { program, err, argv } = invocation;
  let parsed: ParsedFlags<typeof GLOBALS>;
  try {
    parsed = parseFlags(GLOBALS, argv, { interspersed: false });
  } catch (error) {
    if (!isUsage(error)) throw error;
    const usage = `Usage:  ${program.command} [OPTIONS] COMMAND [ARG...]`;
    err.write(`${usageText(error)}\n\n${usage}\n\nRun '${program.command} --help' for more information\n`);
    return 125;
  }
  const context = new Context({ ...invocation, globals: toGlobals(parsed) });
  const visible = forTerminal(err.fd, { lines: true });
  try {
    return await dispatch(context, parsed);
  } catch (error) {
    if (error instanceof CliError) {
      if (error.message !== "") err.write(`${visible(error.message)}\n`);
      return error.exitCode;
    }
    err.write(`${visible(errorText(error, context))}\n`);
    if (context.globals.debug && error instanceof Error) err.write(`${error.stack}\n`);
    return 1;
  }
}

function toGlobals({ values: flags, changed }: ParsedFlags<typeof GLOBALS>): Globals {
  return {
    hosts: flags.host,
    context: flags.context,
    config: flags.config,
    debug: flags.debug,
    tls: flags.tls,
    tlsVerify: changed.has("tlsverify") ? flags.tlsverify : undefined,
    tlsCa: flags.tlscacert,
    tlsCert: flags.tlscert,
    tlsKey: flags.tlskey,
  };
}

async function dispatch(context: Context, parsed: ParsedFlags<typeof GLOBALS>): Promise<number> {
  const { program, out } = context;
  if (parsed.values.version) {
    out.write(
      `${program.title} version ${clientVersion(program).Version}, build ${clientVersion(program).GitCommit}\n`,
    );
    return 0;
  }
  const [word, ...rest] = parsed.args;
  if (parsed.help || word === undefined) return printHelp(context);
  if (word === "help") return helpFor(context, rest);
  if (word === "daemon") return (await import("./core/run-daemon.ts")).runDaemon(rest, context);
  const entry = findEntry(COMMON, word) ?? findEntry(COMMANDS, word);
  if (entry !== undefined) return runEntry(context, word, entry, rest);
  const group = Object.hasOwn(GROUPS, word) ? GROUPS[word] : undefined;
  if (group !== undefined) return runGroup(context, word, group, rest);
  throw unknownCommand(context, word);
}

function unknownCommand(context: Context, word: string): CliError {
  const { command } = context.program;
  if (OUTSIDE.has(word))
    return new CliError(`${command}: '${command} ${word}' is not supported: Berth has no ${word} command`);
  return new CliError(
    `${command}: unknown command: ${command} ${word}\n\n${didYouMean(command, word, topLevelNames())}Run '${command} --help' for more information`,
  );
}

const topLevelNames = () => [...Object.keys(COMMON), ...Object.keys(COMMANDS), ...Object.keys(GROUPS), "daemon"];

function didYouMean(prefix: string, word: string, names: readonly string[]): string {
  const [name] = suggest(word, names);
  return name === undefined ? "" : `Did you mean '${prefix} ${name}'?\n\n`;
}

async function runGroup(context: Context, name: string, group: Group, args: readonly string[]): Promise<number> {
  const path = `${context.program.command} ${name}`;
  const [word, ...rest] = args;
  if (word === undefined || word === "--help" || word === "-h") {
    context.out.write(groupHelp(context, name, group));
    return 0;
  }
  const usage = `Usage:  ${path}\n\nRun '${path} --help' for more information`;
  if (word.startsWith("-")) {
    const why = word.startsWith("--") ? `unknown flag: ${word}` : `unknown shorthand flag: '${word[1]}' in ${word}`;
    throw new CliError(`${why}\n\n${usage}`, 125);
  }
  const entry = findEntry(group.entries, word);
  if (entry !== undefined) return runEntry(context, `${name} ${word}`, entry, rest);
  const hint = didYouMean(path, word, Object.keys(group.entries));
  throw new CliError(`${context.program.command}: unknown command: ${path} ${word}\n\n${hint}${usage}`);
}

async function runEntry(context: Context, name: string, entry: Entry, args: readonly string[]): Promise<number> {
  const command = await entry.load();
  const path = `${context.program.command} ${name}`;
  context.commandPath = path;
  let parsed: ParsedFlags<flag.Flags>;
  try {
    parsed = parseFlags<flag.Flags>(command.flags, args, { interspersed: command.interspersed ?? true });
  } catch (error) {
    if (!isUsage(error)) throw error;
    throw new CliError(
      `${usageText(error)}\n\n${usageLine(path, command)}\n\nRun '${path} --help' for more information`,
      125,
    );
  }
  for (const warning of parsed.warnings) context.err.write(`${warning}\n`);
  if (parsed.help) {
    if (!args.includes("--help")) context.err.write("Flag shorthand -h has been deprecated, use --help\n");
    context.out.write(entryHelp(context, path, entry, command));
    return 0;
  }
  const wrong = arityError(command.arity, parsed.args.length);
  if (wrong !== undefined) {
    const see = command.arity.max === command.arity.min ? "Run" : "See";
    throw new CliError(
      `${context.program.command}: '${path}' ${wrong}\n\n${usageLine(path, command)}\n\n${see} '${path} --help' for more information`,
    );
  }
  const { values: flags, changed, args: rest } = parsed;
  return (await command.run(context, { flags, args: rest, changed: (flagName: string) => changed.has(flagName) })) ?? 0;
}

const isUsage = (error: unknown): error is BerthError => error instanceof BerthError && error.exitCode === 125;

const usageText = (error: BerthError) =>
  error.hint === undefined ? error.message : `${error.message} (${error.hint})`;

function arityError(arity: Arity, count: number): string | undefined {
  const { min, max } = arity;
  const plural = (n: number) => `${n} argument${n === 1 ? "" : "s"}`;
  if (count >= min && (max === undefined || count <= max)) return undefined;
  if (max === 0) return "accepts no arguments";
  if (max === min) return `requires ${plural(min)}`;
  if (max === undefined) return `requires at least ${plural(min)}`;
  if (min === 0) return `requires at most ${plural(max)}`;
  return `requires at least ${min} and at most ${plural(max)}`;
}

const fill = (text: string, { title, command }: ProgramName) =>
  text.replaceAll("{title}", title).replaceAll("{program}", command);

function entryHelp(context: Context, path: string, entry: Entry, command: AnyCommand): string {
  const summary = fill(entry.summary, context.program);
  return commandHelp({ program: context.program.command, path, summary, command, width: helpWidth() });
}

function commandTable(entries: readonly (readonly [string, { summary: string }])[], program: ProgramName): string {
  return entries.map(([name, { summary }]) => `  ${name.padEnd(11)} ${fill(summary, program)}\n`).join("");
}

function groupHelp(context: Context, name: string, group: Group): string {
  const path = `${context.program.command} ${name}`;
  const shown = Object.entries(group.entries).filter(([, entry]) => entry.hidden !== true);
  const rows = commandTable(shown, context.program);
  return `Usage:  ${path} COMMAND\n\n${fill(group.summary, context.program)}\n\nCommands:\n${rows}\nRun '${path} COMMAND --help' for more information on a command.\n`;
}

function printHelp(context: Context): number {
  const { program, out } = context;
  const { command } = program;
  const daemon = [["daemon", { summary: "Run the container engine's daemon" }]] as const;
  out.write(
    [
      `Usage:  ${command} [OPTIONS] COMMAND\n\nA container engine: Docker's API and command line\n`,
      `Common Commands:\n${commandTable(Object.entries(COMMON), program)}`,
      `Management Commands:\n${commandTable(Object.entries(GROUPS), program)}`,
      `Commands:\n${commandTable([...Object.entries(COMMANDS), ...daemon], program)}`,
      `Global Options:\n${formatFlags(GLOBALS, { width: helpWidth() - 1 })}`,
      `Run '${command} COMMAND --help' for more information on a command.\n`,
    ].join("\n"),
  );
  return 0;
}

async function helpFor(context: Context, words: readonly string[]): Promise<number> {
  const [first, second] = words;
  if (first === undefined) return printHelp(context);
  const group = Object.hasOwn(GROUPS, first) ? GROUPS[first] : undefined;
  if (group !== undefined && second === undefined) return runGroup(context, first, group, []);
  const entry =
    group === undefined
      ? (findEntry(COMMON, first) ?? findEntry(COMMANDS, first))
      : findEntry(group.entries, second ?? "");
  if (entry === undefined) throw new CliError(`unknown help topic: ${words.join(" ")}`);
  const path = [context.program.command, first, ...(group === undefined || second === undefined ? [] : [second])].join(
    " ",
  );
  context.out.write(entryHelp(context, path, entry, await entry.load()));
  return 0;
}
