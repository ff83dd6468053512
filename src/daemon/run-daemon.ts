import { createApiServer } from "../api/server/index.ts";
import type { Engine } from "../engine/index.ts";
import { messageOf, UndoStack } from "../lib/index.ts";
import { notifyService, unreadBytes } from "../system/service/index.ts";
import { type DaemonConfig, type ReloadableConfig, readReloadable } from "./config.ts";
import { openListeners } from "./listeners.ts";
import { type CommandLine, loadSettings } from "./load-config.ts";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { writePidfile } from "./pidfile.ts";
import { claimRoots } from "./roots.ts";
import { version } from "./version.ts";

/** The engine as its daemon holds it. */
export interface RunningEngine {
  readonly engine: Engine;
  /** Applies what SIGHUP can change and emits the daemon's reload event. */
  reload(config: ReloadableConfig, attributes: Record<string, string>): void;
  /** Writes down what must be; containers run on. */
  close(): Promise<void>;
}

export type EngineFactory = (config: DaemonConfig, log: Logger) => Promise<RunningEngine>;

export interface Daemon {
  /** Re-reads the configuration file and applies what can be changed; a bad file changes nothing and is logged. */
  reload(): void;
  /** Stops serving within the shutdown timeout and leaves containers running. */
  stop(): Promise<void>;
}

/** Starts a daemon; resolves when it serves. Rejects with nothing left behind where it cannot. */
export async function startDaemon(
  config: DaemonConfig,
  line: CommandLine,
  makeEngine: EngineFactory,
  log: Logger,
): Promise<Daemon> {
  for (const warning of [...line.warnings, ...config.warnings]) log.warn(warning);
  const undo = new UndoStack();
  try {
    const roots = claimRoots(config.dataRoot, config.execRoot);
    undo.push("roots", async () => roots.release());
    const removePidfile = await writePidfile(config.pidfile);
    undo.push("pid file", async () => removePidfile());
    const running = await makeEngine(config, log);
    undo.push("engine", () => running.close());
    const api = createApiServer({
      engine: running.engine,
      version,
      experimental: config.experimental,
      unread: unreadBytes,
      log: (entry) => logRequest(log, entry),
    });
    let current: ReloadableConfig = config;
    undo.push("API", () => api.close(grace(current.shutdownTimeoutMs)));
    await openListeners(api, config, log);
    tell("READY=1", log);
    log.info("Daemon has completed initialization");
    return {
      reload() {
        current = reload(line, running, current, config.logLevel, log);
      },
      async stop() {
        tell("STOPPING=1", log);
        for (const error of await undo.unwind()) log.error("shutdown", { error: messageOf(error) });
      },
    };
  } catch (error) {
    await undo.unwind();
    throw error;
  }
}

/** As dockerd reads it: a negative timeout means as long as it takes. */
const grace = (ms: number) => (ms < 0 ? 2 ** 31 - 1 : ms);

export function createDaemonLogger(config: DaemonConfig): Logger {
  return createLogger({
    level: config.debug ? "debug" : config.logLevel,
    format: config.logFormat,
    write: (line) => void process.stderr.write(line),
  });
}

function logRequest(log: Logger, entry: { method: string; url: string; status: number; error?: unknown }): void {
  const { method, url, status, error } = entry;
  // without the query: build arguments and the like may be in it
  const path = url.split("?", 1)[0] ?? "";
  if (status >= 500 && status !== 501 && status !== 503)
    log.error(`Handler for ${method} ${path} returned error: ${messageOf(error)}`, stackField(error));
  else if (error !== undefined)
    log.debug(`Handler for ${method} ${path} returned error: ${messageOf(error)}`, { status });
  else log.debug(`${method} ${path}`, { status });
}

const stackField = (error: unknown) =>
  error instanceof Error && error.stack !== undefined
    ? {
        stack: error.stack
          .split("\n")
          .slice(1, 6)
          .map((each) => each.trim())
          .join("; "),
      }
    : {};

function tell(state: string, log: Logger): void {
  try {
    notifyService(state);
  } catch (error) {
    log.warn("could not tell the service manager", { error: messageOf(error) });
  }
}

function reload(
  line: CommandLine,
  running: RunningEngine,
  before: ReloadableConfig,
  level: LogLevel,
  log: Logger,
): ReloadableConfig {
  log.info(`Got signal to reload configuration, reloading from: ${line.configFile}`);
  let config: ReloadableConfig;
  try {
    config = readReloadable(loadSettings(line));
  } catch (error) {
    log.error(messageOf(error));
    return before;
  }
  log.setLevel(config.debug ? "debug" : level);
  running.reload(config, reloadAttributes(config));
  log.info("Reloaded configuration", { ...config });
  return config;
}

/** The attributes of the daemon's reload event: the settings as they are now. */
function reloadAttributes(config: ReloadableConfig): Record<string, string> {
  return {
    debug: String(config.debug),
    labels: JSON.stringify(config.labels),
    "default-runtime": config.defaultRuntime ?? "",
    "insecure-registries": JSON.stringify(config.insecureRegistries),
    "registry-mirrors": JSON.stringify(config.registryMirrors),
    "live-restore": "true",
    "max-concurrent-downloads": String(config.maxConcurrentDownloads),
    runtimes: Object.entries(config.runtimes)
      .map(([name, { path }]) => `${name}:${path}`)
      .join(" "),
    "shutdown-timeout": String(config.shutdownTimeoutMs / 1000),
  };
}
