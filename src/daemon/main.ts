import { BerthError, formatFlags, messageOf } from "../lib/index.ts";
import type { DaemonConfig } from "./config.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import { type CommandLine, daemonFlags, loadConfig, readCommandLine } from "./load-config.ts";
import type { Logger } from "./logger.ts";
import { makeEngine } from "./make-engine.ts";
import { createDaemonLogger, type Daemon, startDaemon } from "./run-daemon.ts";
import { version } from "./version.ts";

const usage = `Usage:  berth daemon [OPTIONS]

A self-sufficient runtime for containers.

Options:
`;

async function main(argv: readonly string[]): Promise<void> {
  const line = attempt(
    () => readCommandLine(argv),
    (error) => `${messageOf(error)}\nSee 'berth daemon --help'.`,
    125,
  );
  if (line.asks === "help") return print(usage + formatFlags(daemonFlags, { width: process.stdout.columns ?? 80 }));
  if (line.asks === "version") return print(`Berth version ${version}\n`);
  const config = attempt(() => loadConfig(line), messageOf, 1);
  if (line.asks === "validate") return print("configuration OK\n");
  if (process.getuid?.() !== 0) fail("the daemon needs to be started with root privileges", 1);
  await serve(config, line);
}

async function serve(config: DaemonConfig, line: CommandLine): Promise<void> {
  keepHeapSmall();
  process.umask(0o022);
  const log = createDaemonLogger(config);
  surviveSurprises(log);
  // recovery may have nothing to wait for but threads and watches that do not keep a process alive by themselves
  setInterval(() => {}, 2 ** 30);
  const daemon = startDaemon(config, line, makeEngine, log).catch((error: unknown) => {
    const hint = error instanceof BerthError && error.hint !== undefined ? `; ${error.hint}` : "";
    log.error(`failed to start daemon: ${messageOf(error)}${hint}`);
    process.exit(1);
  });
  handleSignals(daemon, log);
  await daemon;
}

/** A bug in one request must not end the others, and no input may end the daemon. */
function surviveSurprises(log: Logger): void {
  const told = (what: string) => (error: unknown) =>
    log.error(what, { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined });
  process.on("unhandledRejection", told("unhandled rejection"));
  process.on("uncaughtException", told("uncaught exception"));
  // the reader of our log may go away
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
}

function handleSignals(daemon: Promise<Daemon>, log: Logger): void {
  let asked = 0;
  const stop = (signal: NodeJS.Signals) => {
    asked++;
    if (asked > 1) {
      if (asked >= 3) process.exit(130);
      return log.warn(`Processing signal '${signal}' again: ${3 - asked} more forces the end`);
    }
    log.info(`Processing signal '${signal}'`);
    daemon
      .then((running) => running.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error(messageOf(error));
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => void daemon.then((running) => running.reload()));
  // Node would open its debugger to every user of the machine
  process.on("SIGUSR1", () => log.info("signal SIGUSR1 has no meaning here"));
  process.on("SIGPIPE", () => {});
}

function attempt<T>(work: () => T, describe: (error: unknown) => string, exitCode: number): T {
  try {
    return work();
  } catch (error) {
    return fail(describe(error), exitCode);
  }
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}

const print = (text: string) => void process.stdout.write(text);

await main(process.argv.slice(2));
